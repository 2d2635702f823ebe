import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { keyReference, replaceReference } from './key-reference.ts'
import { gatewayFile } from './schema/gateway-file.ts'
import { ANNOTATIONS } from './schema/terms.ts'

/** Where the editor schema is published, next to this file. */
export const SCHEMA_FILE = fileURLToPath(new URL('gateway.schema.json', import.meta.url))
/** The document whose table of keys is written from the schema. */
export const REFERENCE_FILE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))

/** Text of the editor schema: the validator's own object without the keywords that only our faults use. */
export function editorSchema (): string {
  const own = new Set<string>(ANNOTATIONS)
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...gatewayFile }
  return `${JSON.stringify(schema, (key, value: unknown) => own.has(key) ? undefined : value, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(SCHEMA_FILE, editorSchema())
  writeFileSync(REFERENCE_FILE, replaceReference(readFileSync(REFERENCE_FILE, 'utf8'), keyReference(gatewayFile)))
  process.stdout.write('config/gateway.schema.json and docs/configuration.md are up to date\n')
}
