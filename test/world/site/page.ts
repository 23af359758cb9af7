import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

/** Text of a page in which nothing of it is HTML. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => `&#${found.codePointAt(0) ?? 0};`);

/** HTML that GitHub lets through from a Markdown body; every other tag is shown as text. */
const allowed = new Set(
  "a b blockquote br code del details div em h1 h2 h3 h4 h5 h6 hr i input li ol p pre s strong sub summary sup table tbody td th thead tr ul".split(
    " ",
  ),
);

/** A Markdown body as GitHub shows it, roughly: CommonMark and GitHub's extensions, without scripts, styles and images. */
export const rendered = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true }).replace(
    /<(\/?)([a-zA-Z][\w-]*)([^>]*)>|<!--[\s\S]*?-->|<[!?][^>]*>/g,
    (whole: string, slash: string | undefined, name: string | undefined, rest: string | undefined) => {
      if (name === undefined) return "";
      const lower = name.toLowerCase();
      if (!allowed.has(lower)) return escaped(whole);
      const kept = [...(rest ?? "").matchAll(/\s(href|type|checked|disabled|align|class)="([^"]*)"/g)]
        .filter(([, attribute, value = ""]) => attribute !== "href" || /^(?:https?:|mailto:|#|\/)/.test(value))
        .map(([text]) => text);
      return `<${slash ?? ""}${lower}${kept.join("")}>`;
    },
  );

const style = `
  :root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a }
  @media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1 } }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 0 1.25rem 4rem }
  .banner { background: #9a6700; color: #fff; margin: 0 -1.25rem 1rem; padding: .5rem 1.25rem }
  .box { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; padding: .5rem 1rem; overflow-wrap: anywhere }
  .soft { color: var(--soft) } form { margin: .5rem 0 } textarea { width: 100%; box-sizing: border-box; font: inherit }
  pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: .5rem }
  table { border-collapse: collapse; display: block; overflow-x: auto; overflow-wrap: normal } td, th { border: 1px solid var(--line); padding: .25rem .5rem }
  .add { background: #1a7f3722 } .gone { background: #cf222e22 }
`;

/** A whole page; `body` is HTML. Every page says what it is. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · GitHub stand-in</title><style>${style}</style></head>
<body><div class="banner">This is a stand-in for GitHub on this machine, for trying Tuneup out. It is not GitHub. <a style="color:#fff" href="/">all repositories</a></div>
<h1>${escaped(title)}</h1>${body}</body></html>`;

export const link = (to: string, text: string): string => `<a href="${escaped(to)}">${escaped(text)}</a>`;

/** A form of hidden values, one button and what is shown before it. */
export const form = (action: string, button: string, inner = ""): string =>
  `<form method="post" action="${escaped(action)}">${inner}<button>${escaped(button)}</button></form>`;

export const hidden = (name: string, value: string): string => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`;
