import { SqlAuditLog } from "./sql-audit-log.ts";
import { SqlInbox } from "./sql-inbox.ts";
import { SqlLeases } from "./sql-leases.ts";
import type { Tables } from "./tables.ts";

/** What a service keeps beside the ledger: deliveries, leases, the audit log. */
export interface ServiceRecords {
  readonly inbox: SqlInbox;
  readonly leases: SqlLeases;
  readonly audit: SqlAuditLog;
  /** Throws when nothing can be written at this moment. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The records in these tables; `check` where the database has more to say than whether it can be written. */
export function serviceRecords(
  tables: Tables,
  check: () => Promise<void> = async () => void (await tables.run("UPDATE leases SET name = name WHERE name = ''")),
): ServiceRecords {
  return { inbox: new SqlInbox(tables), leases: new SqlLeases(tables), audit: new SqlAuditLog(tables), check, close: () => tables.close() };
}
