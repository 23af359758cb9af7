/** The trailer by which a commit names its proposal. */
export const proposalTrailer = "Tuneup-Proposal";

const trailerLine = new RegExp(`^${proposalTrailer}: `, "m");
/** GitHub commits by itself what comes through its API; a commit that a person amended or rebased names the person, trailer or not. */
const byGithub = /^GitHub(?: Enterprise)?$/;

/** Whether a commit on GitHub is one of ours as we made it. */
export const isOurCommit = (message: string, committer: string | undefined): boolean =>
  trailerLine.test(message) && byGithub.test(committer ?? "");
