import { randomBytes } from "node:crypto";
import { makeProjectToken, type ProjectToken } from "../domain/receiving/project-token.ts";
import type { ProjectDirectory } from "../ports/project-directory.ts";
import { openState, type StatePlace } from "./state.ts";

/** Does work with the trace projects of one installation and the tokens that open them, and closes them whatever happens. */
export async function withProjects<T>(place: StatePlace, work: (projects: ProjectDirectory) => Promise<T>): Promise<T> {
  const state = await openState(place);
  try {
    const projects = state.projects();
    try {
      return await work(projects);
    } finally {
      await projects.close();
    }
  } finally {
    await state.close();
  }
}

export const newProjectToken = (): ProjectToken => makeProjectToken(randomBytes(32));
