#!/usr/bin/env node
// `tuneup`, wherever it is installed: the same launcher that the package's scripts use, in the caller's folder.
process.argv.splice(2, 0, "tuneup");
delete process.env.INIT_CWD;
await import("../tools/launch.mjs");
