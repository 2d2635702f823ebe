import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import type { Report } from '../fault.ts'
import { ANNOTATIONS } from '../schema/terms.ts'
import { gatewayFile } from '../schema/gateway-file.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import { explain } from './explain.ts'

let compiled: ValidateFunction<GatewayFile> | undefined

/**
 * Holds one file to the schema and reports every fault.
 * @returns the same data, typed. Where the report has faults the type is a promise not kept: ask `isBroken` first.
 */
export function validateFile (data: unknown, file: string | undefined, report: Report): GatewayFile {
  compiled ??= compile()
  if (!compiled(data)) {
    for (const { path, message } of explain(compiled.errors ?? [], data)) report.fault({ file, path }, message)
  }
  return data as GatewayFile
}

/** allErrors: all faults in one go. The input is the operator's own file, so its cost is no attack. */
function compile (): ValidateFunction<GatewayFile> {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, ownProperties: true })
  ajv.addVocabulary([...ANNOTATIONS])
  return ajv.compile<GatewayFile>(gatewayFile)
}
