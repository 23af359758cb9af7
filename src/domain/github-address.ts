/** The pages that belong to a GitHub API: github.com, or the Enterprise Server behind `https://<host>/api/v3`. Without a slash at the end. */
export function githubPages(apiUrl: string | undefined): string {
  const api = new URL(apiUrl ?? "https://api.github.com");
  return api.host === "api.github.com" ? "https://github.com" : api.origin;
}
