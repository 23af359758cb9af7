import { langfuseStandIn } from "../adapters/remote-traces/langfuse-stand-in.ts";
import { remoteTracesContract } from "./remote-traces.ts";

for (const standIn of [langfuseStandIn]) remoteTracesContract(standIn);
