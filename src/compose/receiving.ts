export { otlpCodec } from "../adapters/otlp/otlp-codec.ts";
