import { createHmac, timingSafeEqual } from "node:crypto";

const pattern = /^sha256=[0-9a-f]{64}$/;

/**
 * Whether one of the secrets has signed these bytes (`X-Hub-Signature-256`). SHA-1 is not looked at. All secrets are tried, in constant time each,
 * so that the answer's delay tells nothing.
 */
export function isSigned(body: Buffer, signature: string | undefined, secrets: readonly string[]): boolean {
  if (signature === undefined || !pattern.test(signature)) return false;
  const given = Buffer.from(signature.slice("sha256=".length), "hex");
  return secrets.map((secret) => timingSafeEqual(createHmac("sha256", secret).update(body).digest(), given)).some((matches) => matches);
}
