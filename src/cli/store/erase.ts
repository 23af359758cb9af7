import { buildCommand } from "@stricli/core";
import { forgetConversations } from "../../compose/stores/kept-transcripts.ts";
import { TuneupError } from "../../domain/errors.ts";
import { sessionId } from "../../domain/ids.ts";
import type { ErasureSelection } from "../../ports/trace-store.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf, withHouse } from "../flags.ts";
import { plural } from "../table.ts";

interface EraseFlags extends CommonFlags {
  readonly session?: string;
  readonly user?: string;
  readonly everything?: boolean;
  readonly yes?: boolean;
}

const { session, user, everything, yes } = {
  session: flag.text("The session with this id", "id"),
  user: flag.text("Every session that names this user", "id"),
  everything: flag.toggle("Every session of the project"),
  yes: flag.toggle("Yes, remove it for good"),
};

export const eraseCommand = buildCommand<EraseFlags, [], CliContext>({
  docs: {
    brief: "Remove sessions from the trace store for good",
    fullDescription: [
      "Removes a session, every session of a user, or all of a project (--project), with everything that only they used. What is removed is",
      "overwritten in the file. There is no way back, so it wants --yes. The conversations of all replays go from the ledger too, for they say again",
      "what was said; scans and evidence, which hold no conversation, stay, and so do copies made before.",
      "",
      "  tuneup erase --user 4711 --yes",
      "  tuneup erase --session 6f1c… --project support --yes",
    ].join("\n"),
  },
  parameters: { flags: { ...commonFlags, session, user, everything, yes } },
  async func(flags) {
    const selection = selectionOf(flags);
    if (flags.yes !== true)
      throw new TuneupError("usage", "This removes sessions for good. Nothing was removed yet.", {
        remedy: "Say --yes if that is what you want.",
      });
    await withHouse(this, flags, async (house, project) => {
      const { sessions } = await house.store.erase(project, selection);
      await forgetConversations(placesOf(this, flags));
      this.process.stdout.write(
        flags.json === true ? `${JSON.stringify({ project, sessions })}\n` : `Removed ${plural(sessions, "session")} of "${project}".\n`,
      );
    });
  },
});

function selectionOf(flags: EraseFlags): ErasureSelection {
  const chosen: ErasureSelection[] = [
    ...(flags.session === undefined ? [] : [{ session: sessionId(flags.session) }]),
    ...(flags.user === undefined ? [] : [{ user: flags.user }]),
    ...(flags.everything === true ? [{ everything: true as const }] : []),
  ];
  const [one, ...more] = chosen;
  if (one !== undefined && more.length === 0) return one;
  throw new TuneupError("usage", "Say what to remove: one of --session, --user and --everything.", { remedy: "tuneup erase --help" });
}
