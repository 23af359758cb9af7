import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SqliteProjectDirectory } from "../adapters/sqlite/sqlite-project-directory.ts";
import { makeProjectToken, type ProjectToken } from "../domain/receiving/project-token.ts";
import type { ProjectDirectory } from "../ports/project-directory.ts";

/** The trace projects of one installation, and the tokens that open them. */
export const openProjects = (data: string): ProjectDirectory => SqliteProjectDirectory.open(join(data, "projects.db"));

export const newProjectToken = (): ProjectToken => makeProjectToken(randomBytes(32));
