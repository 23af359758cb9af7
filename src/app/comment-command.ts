/** What a comment asks for. `unknown` is a command of ours that does not exist or is written wrongly: answered with help, for those who may write. */
export type CommentCommand =
  | { readonly kind: "run"; readonly cluster?: string }
  | { readonly kind: "help" }
  | { readonly kind: "unknown"; readonly word: string };

const maximumLength = 200;
const clusterName = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/**
 * The command of a comment, if it is one: `/tuneup …` alone on the first line. Anything else, quoted lines and code included, is
 * conversation between people and none of our business.
 */
export function commentCommand(body: string): CommentCommand | undefined {
  const line = (body.split(/\r?\n/, 1)[0] ?? "").trimEnd();
  if (line.length > maximumLength) return undefined;
  const [name, word = "help", ...rest] = line.split(/[ \t]+/);
  if (name !== "/tuneup") return undefined;
  if (word === "help" && rest.length === 0) return { kind: "help" };
  if (word !== "run" || rest.length > 1) return { kind: "unknown", word: word.replace(/[^A-Za-z-]/g, "").slice(0, 20) };
  const [cluster] = rest;
  if (cluster === undefined) return { kind: "run" };
  return clusterName.test(cluster) ? { kind: "run", cluster } : { kind: "unknown", word };
}
