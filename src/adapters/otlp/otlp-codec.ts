import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { OtlpCodec, OtlpForm } from "../../ports/otlp-codec.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { ExportLogsServiceResponseSchema } from "./generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts";
import { ExportTraceServiceResponseSchema } from "./generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts";

/** Reads export requests and writes their answers. */
export const otlpCodec: OtlpCodec = {
  decode: decodeOtlp,
  success: (form, { rejected, message }) => {
    if (rejected === 0 && message === "") return form.encoding === "json" ? jsonBytes({}) : new Uint8Array();
    return form.encoding === "json" ? jsonSuccess(form, rejected, message) : protobufSuccess(form, rejected, message);
  },
  failure: (encoding, { code, message }) => (encoding === "json" ? jsonBytes({ code, message }) : protobufStatus(code, message)),
};

const jsonBytes = (value: object): Uint8Array => Buffer.from(JSON.stringify(value), "utf8");

/** OTLP's JSON writes 64-bit integers as text. */
const jsonSuccess = ({ signal }: OtlpForm, rejected: number, errorMessage: string): Uint8Array =>
  jsonBytes({
    partialSuccess: { [signal === "traces" ? "rejectedSpans" : "rejectedLogRecords"]: String(rejected), errorMessage },
  });

const protobufSuccess = ({ signal }: OtlpForm, rejected: number, errorMessage: string): Uint8Array =>
  signal === "traces"
    ? toBinary(
        ExportTraceServiceResponseSchema,
        create(ExportTraceServiceResponseSchema, { partialSuccess: { rejectedSpans: BigInt(rejected), errorMessage } }),
      )
    : toBinary(
        ExportLogsServiceResponseSchema,
        create(ExportLogsServiceResponseSchema, { partialSuccess: { rejectedLogRecords: BigInt(rejected), errorMessage } }),
      );

/** `google.rpc.Status` (google/rpc/status.proto): `int32 code = 1; string message = 2;`. */
const protobufStatus = (code: number, message: string): Uint8Array =>
  new BinaryWriter().tag(1, WireType.Varint).int32(code).tag(2, WireType.LengthDelimited).string(message).finish();
