import { langfuseStandIn } from "../adapters/remote-traces/langfuse-stand-in.ts";
import {
  clickhouseStandIn,
  jaegerStandIn,
  langsmithStandIn,
  mlflowStandIn,
  phoenixStandIn,
  tempoStandIn,
} from "../adapters/remote-traces/stand-ins.ts";
import { remoteTracesContract } from "./remote-traces.ts";

for (const standIn of [langfuseStandIn, phoenixStandIn, langsmithStandIn, mlflowStandIn, jaegerStandIn, tempoStandIn, clickhouseStandIn])
  remoteTracesContract(standIn);
