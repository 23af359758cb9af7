/** A request may hold so many spans or log records; the Collector sends 8,192 at once unless told otherwise. */
export const mostRecords = 100_000;
/** And so many values in all: attributes, list items, nested maps. Four bytes can become one, so a body's length alone bounds no memory. */
export const mostValues = 2_000_000;

/** What a body would become, counted without building it. */
export interface RequestCount {
  readonly records: number;
  readonly values: number;
}

/** Which fields of a message hold messages, by field number; `isRecord` marks spans and log records. */
interface Shape {
  readonly fields: () => Readonly<Record<number, Shape>>;
  readonly isRecord?: boolean;
}

const keyValue: Shape = { fields: () => ({ 2: anyValue }) };
const anyValue: Shape = { fields: () => ({ 5: { fields: () => ({ 1: anyValue }) }, 6: { fields: () => ({ 1: keyValue }) } }) };
const attributesAt = (field: number): Shape => ({ fields: () => ({ [field]: keyValue }) });

const span: Shape = { isRecord: true, fields: () => ({ 9: keyValue, 11: attributesAt(3), 13: attributesAt(4) }) };
const logRecord: Shape = { isRecord: true, fields: () => ({ 5: anyValue, 6: keyValue }) };
const request = (record: Shape): Shape => ({
  fields: () => ({ 1: { fields: () => ({ 1: attributesAt(1), 2: { fields: () => ({ 1: attributesAt(3), 2: record }) } }) } }),
});

/** Field numbers as in opentelemetry-proto's trace.proto, logs.proto and common.proto. */
const shapes = { traces: request(span), logs: request(logRecord) } as const;

const deepest = 400;

interface Counts {
  records: number;
  values: number;
}

/** Counts messages in protobuf; stops where the bytes are no message (the decoder says so) and as soon as a budget is used up. */
export function countProtobuf(bytes: Uint8Array, signal: "traces" | "logs"): RequestCount {
  const counts: Counts = { records: 0, values: 0 };
  walk({ bytes, from: 0, to: bytes.length }, shapes[signal], counts, 0);
  return counts;
}

interface Slice {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

function walk({ bytes, from, to }: Slice, shape: Shape, counts: Counts, depth: number): boolean {
  if (depth > deepest) return false;
  const fields = shape.fields();
  let at = from;
  while (at < to) {
    const tag = varint(bytes, at, to);
    if (tag === undefined) return false;
    const field = Math.floor(tag.value / 8);
    const end = endOf({ bytes, from: tag.next, to }, tag.value % 8);
    if (end === undefined) return false;
    const inner = tag.value % 8 === 2 && Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (inner !== undefined) {
      if (inner.isRecord === true) counts.records += 1;
      counts.values += 1;
      if (counts.records > mostRecords || counts.values > mostValues) return false;
      const length = varint(bytes, tag.next, to);
      if (length === undefined || !walk({ bytes, from: length.next, to: end }, inner, counts, depth + 1)) return false;
    }
    at = end;
  }
  return true;
}

/** Where a field's value ends; `undefined` for groups and for what reaches beyond its message. */
function endOf({ bytes, from, to }: Slice, wireType: number): number | undefined {
  if (wireType === 0) return varint(bytes, from, to)?.next;
  const length = wireType === 2 ? varint(bytes, from, to) : undefined;
  const end = wireType === 1 ? from + 8 : wireType === 5 ? from + 4 : length === undefined ? undefined : length.next + length.value;
  return end === undefined || end > to ? undefined : end;
}

function varint(bytes: Uint8Array, from: number, to: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = from; at < to && at < from + 10; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) return { value, next: at + 1 };
  }
  return undefined;
}

const [quote, backslash, brace, bracket] = [0x22, 0x5c, 0x7b, 0x5b];

/** Counts objects and lists in JSON text; what stands in strings is no structure. Records are counted after parsing. */
export function countJson(bytes: Uint8Array): number {
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === brace || byte === bracket) values += 1;
  }
  return values;
}
