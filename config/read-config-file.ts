import { ok, refuse } from '../src/shared/result.ts'
import type { Result } from '../src/shared/result.ts'
import { createReport } from './fault.ts'
import type { ConfigFault } from './fault.ts'
import { readDocument } from './source/read-document.ts'

/**
 * One file as it stands: parsed, nothing expanded, included or checked.
 * @param path absolute
 * @param shown how the file is called in faults
 */
export function readConfigFile (path: string, shown: string): Result<Readonly<Record<string, unknown>>, readonly ConfigFault[]> {
  const report = createReport()
  const data = readDocument(path, shown, { path: [shown] }, report)
  const faults = report.faults()
  return data === undefined || faults.length > 0 ? refuse(faults) : ok(data)
}
