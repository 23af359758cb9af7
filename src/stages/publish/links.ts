/** Where links may lead. */
export interface LinkRules {
  /** Hosts that the operator allows, in lower case. */
  readonly allowedHosts: readonly string[];
  /** The forge's own pages: `github.com`. */
  readonly forgeHost: string;
  /** `owner/name` of the repository that is written to. */
  readonly repository: string;
}

/** The parts of a repository that a link may show without leaving a trace on anybody else's page. */
const quietPages = /^\/[\w.-]+\/[\w.-]+\/(?:blob|tree|raw|wiki|settings|actions|blame|commits)(?:\/[\w./%-]*)?$/;
const ownPages = /^\/[\w.-]+\/[\w.-]+(?:\/(?:pull|issues)\/\d{1,10})?\/?$/;

/**
 * Whether a link may stand on a page of ours: `https`, a host on the list or the forge's own, ASCII, no credentials and no port. On the forge only
 * files of a repository, and issues or pull requests of the very repository that is written to: others would notify strangers.
 */
export function allowedLink(address: string, rules: LinkRules): boolean {
  if (/^(?:\.\.?\/){1,4}(?:blob|tree)\/[\w./-]{1,300}$/.test(address) && !address.slice(9).includes("..")) return true;
  if (!/^https:\/\/[a-z0-9.-]+(?:\/[\w./%?=&#~+,:-]*)?$/.test(address)) return false;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if (url.port !== "" || url.username !== "" || url.hostname.startsWith("xn--") || url.hostname.includes(".xn--")) return false;
  if (url.hostname === rules.forgeHost) {
    const own = url.pathname.toLowerCase().startsWith(`/${rules.repository.toLowerCase()}`);
    return quietPages.test(url.pathname) || (own && ownPages.test(url.pathname) && url.search === "");
  }
  return rules.allowedHosts.includes(url.hostname);
}
