import { Type } from 'typebox'
import type { Static } from 'typebox'

/**
 * The parts of the Compose specification that docker-compose.yml uses, and no others: a misspelled key, which Compose may take
 * for an extension or a wish of the platform, is a fault here.
 */
const strict = { additionalProperties: false }
const optional = Type.Optional
const text = Type.String({ minLength: 1 })
const texts = Type.Array(text)
const seconds = Type.String({ pattern: '^[0-9]+(s|m)$' })
const bytes = Type.String({ pattern: '^([0-9]+(k|m|g)|\\$\\{[A-Z_]+:-[0-9]+(k|m|g)\\})$' })
const variables = Type.Record(Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }), Type.String())

const healthcheck = Type.Object({
  test: optional(Type.Array(text, { minItems: 2 })),
  interval: optional(seconds),
  timeout: optional(seconds),
  retries: optional(Type.Integer({ minimum: 1 })),
  start_period: optional(seconds),
  disable: optional(Type.Boolean())
}, strict)

const service = Type.Object({
  image: optional(text),
  build: optional(Type.Object({ context: text }, strict)),
  pull_policy: optional(Type.Literal('never')),
  profiles: optional(texts),
  user: optional(Type.String({ pattern: '^[0-9]+:[0-9]+$' })),
  command: optional(texts),
  entrypoint: optional(texts),
  scale: optional(Type.Literal(0)),
  environment: optional(variables),
  read_only: optional(Type.Boolean()),
  cap_drop: optional(texts),
  security_opt: optional(texts),
  tmpfs: optional(Type.Array(Type.String({ pattern: '^/[a-z/]+:size=[0-9]+[mg],mode=[0-7]+$' }))),
  restart: optional(Type.Union([Type.Literal('no'), Type.Literal('unless-stopped')])),
  logging: optional(Type.Object({ driver: Type.Literal('json-file'), options: Type.Object({ 'max-size': text, 'max-file': Type.String({ pattern: '^[0-9]+$' }) }, strict) }, strict)),
  depends_on: optional(Type.Record(text, Type.Object({ condition: Type.Union([Type.Literal('service_healthy'), Type.Literal('service_completed_successfully'), Type.Literal('service_started')]) }, strict))),
  secrets: optional(texts),
  volumes: optional(Type.Array(Type.String({ pattern: '^[^:]+(:-[^}]*\\}[^:]*)?:/[^:]+(:ro)?$' }))),
  ports: optional(texts),
  networks: optional(Type.Union([texts, Type.Record(text, Type.Object({ ipv4_address: optional(text) }, strict))])),
  ulimits: optional(Type.Object({ nofile: Type.Integer() }, strict)),
  stop_signal: optional(Type.String({ pattern: '^SIG[A-Z]+$' })),
  stop_grace_period: optional(seconds),
  healthcheck: optional(healthcheck),
  deploy: optional(Type.Object({ resources: Type.Object({ limits: Type.Object({ cpus: text, memory: bytes, pids: Type.Integer() }, strict) }, strict) }, strict))
}, strict)

const network = Type.Object({
  internal: optional(Type.Boolean()),
  ipam: Type.Object({ config: Type.Array(Type.Object({ subnet: text, ip_range: optional(text) }, strict)) }, strict)
}, strict)

/** A whole file. Everything is optional, as in an override. */
export const composeSchema = Type.Object({
  name: optional(text),
  services: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), service),
  secrets: optional(Type.Record(text, Type.Object({ file: text }, strict))),
  volumes: optional(Type.Record(text, Type.Null())),
  networks: optional(Type.Record(text, network))
}, { additionalProperties: false, patternProperties: { '^x-': {} } })

/** docker-compose.yml as its schema has it. */
export type ComposeFile = Static<typeof composeSchema>
export type ComposeService = Static<typeof service>
