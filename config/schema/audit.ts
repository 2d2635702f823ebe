import { Type } from 'typebox'
import { count, text } from './terms.ts'

const sink = Type.Object({
  type: Type.Enum(['log', 'stdout', 'file', 'redis'], { description: 'log = lines of the log, not chained; stdout, file and redis = a chain of records of its own.' }),
  path: text('type file: the file, relative to the working directory. Its directory must exist; one file for each gateway.'),
  maxRecords: count('type redis: about how many records the stream keeps, those of all gateways together.', 1_000_000, 1000)
}, { additionalProperties: false, description: 'A place for audit records.' })

/** `audit`: where audit records go. */
export const audit = Type.Optional(Type.Object({
  sinks: Type.Array(sink, { minItems: 1, maxItems: 8, description: 'Where records go; each gets all of them.' }),
  whenFull: Type.Optional(Type.Enum(['drop', 'block'], { description: 'When a sink cannot take more: drop = calls go on, and lost records are counted; block = calls wait two seconds and are refused with 503.', default: 'drop' })),
  keyFile: text('PEM file with the Ed25519 private key that signs the heads of chains, relative to the working directory. Default: made once, audit.key in stateDir.')
}, { additionalProperties: false, description: 'Audit records in places of their own, chained and signed. Absent = lines of the log.' }))
