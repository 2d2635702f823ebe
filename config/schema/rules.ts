import { Type } from 'typebox'
import { count, dictionary, flag, MAX_MS, strings } from './terms.ts'

const ALLOW = 'Names that may be used; `*` matches any run of characters. Absent = all, `[]` = none.'
const DENY = 'Names that may not be used; wins over `allow`.'

/** `prompts` and `resources` of a server, `tools` of a tenant. */
export function patternRules (what: string) {
  return Type.Optional(Type.Object({
    allow: strings(ALLOW),
    deny: strings(DENY, { default: [] })
  }, { additionalProperties: false, description: what }))
}

const perTool = (what: string, maximum: number) => dictionary(Type.Integer({ minimum: 1, maximum }), { description: what })

/** `tools` of a server. */
export const toolRules = Type.Optional(Type.Object({
  allow: strings(ALLOW),
  deny: strings(DENY, { default: [] }),
  timeoutMs: Type.Optional(perTool('Deadline of single tools, by name, in milliseconds; overrides the server\'s `timeoutMs`.', MAX_MS)),
  callsPerMinute: Type.Optional(perTool('Calls a minute of single tools, by name, over all users of a tenant.', 1_000_000_000)),
  cache: Type.Optional(perTool('How long results of single tools are reused, by name, in milliseconds: for the same caller and the same arguments. Only for tools whose result depends on nothing else for so long.', MAX_MS)),
  idempotent: strings('Tools that may run twice, so that their calls may be sent again after a lost answer; `*` matches any run of characters. Your word for it: what servers say of their tools is not believed.', { default: [] }),
  idempotencyKeys: flag('A call with an Idempotency-Key runs once: the same user gets the first result again for 10 minutes.', false)
}, { additionalProperties: false, description: 'Which of the server\'s tools may be seen and called, and how.' }))

/** `limits` of a tenant. */
export const tenantLimits = Type.Optional(Type.Object({
  callsPerMinute: count('Calls a minute over all users of the tenant. Absent = no bound of the tenant\'s own.', undefined),
  requestsPerMinute: count('Other requests a minute over all users of the tenant. Absent = no bound of the tenant\'s own.', undefined),
  concurrentCalls: count('Calls in flight over all users of the tenant. Absent = no bound of the tenant\'s own.', undefined, 1, 1_000_000),
  callsPerDay: count('Calls in a calendar day (UTC) over all users of the tenant. Absent = no bound.', undefined, 1, 1_000_000_000_000),
  callsPerMonth: count('Calls in a calendar month (UTC) over all users of the tenant. Absent = no bound.', undefined, 1, 1_000_000_000_000),
  workers: count('Workers of the tenant over all servers. Absent = pool.maxWorkersPerTenant.', undefined, 1, 100_000),
  weight: count('Share of the turns while several tenants wait for the same call slots or worker starts: 3 gets three for each one of a tenant with 1.', 1, 1, 1000)
}, { additionalProperties: false, description: 'Bounds of the tenant as a whole.' }))
