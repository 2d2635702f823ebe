import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { tls } from './tls.ts'
import { count, dictionary, flag, millis } from './terms.ts'

const hook = Type.Object({
  url: Type.String({ description: 'Where each call is asked about, by POST. https, or with allowPrivateNetwork also http to a private address.', pattern: '^https?://', maxLength: 4096, 'x-expected': 'a URL that begins with https://' }),
  headers: Type.Optional(dictionary(Type.String({ maxLength: 16_384 }), { description: 'Headers of each question, such as a credential of the gateway. Nothing of a caller is ever among them.' })),
  timeoutMs: millis('How long an answer may take, waiting for a turn included.', DEFAULTS.policyHook.timeoutMs),
  maxConcurrent: count('Questions at a time.', DEFAULTS.policyHook.maxConcurrent, 1, 10_000),
  whenAway: Type.Optional(Type.Enum(['deny', 'allow'], { description: 'What an answer that does not come, or cannot be read, means.', default: DEFAULTS.policyHook.whenAway })),
  sendArguments: flag('Send the arguments themselves; otherwise their SHA-256.', DEFAULTS.policyHook.sendArguments),
  allowPrivateNetwork: flag('The URL may lead to a loopback or private address, also by plain http.', DEFAULTS.allowPrivateNetwork),
  tls
}, { additionalProperties: false, description: 'A decision point of your own, asked before each call that everything else allows.' })

/** `policy` of the file. */
export const policy = Type.Optional(Type.Object({ hook: Type.Optional(hook) }, { additionalProperties: false, description: 'Decisions that are made elsewhere.' }))

/** The hook as it stands in a file. */
export type PolicyHookEntry = Static<typeof hook>
