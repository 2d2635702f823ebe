import assert from 'node:assert/strict'
import type { MatrixClient } from './matrix-client.ts'
import type { Vocabulary } from './matrix-upstreams.ts'

/** Something that a client cannot do by its own design. */
export interface Absence {
  /** Ends the sentence "it cannot, because …". */
  readonly reason: string
  /** Fails when the client can do it after all, as after an upgrade: then it belongs into the matrix. */
  isShown (client: MatrixClient, words: Vocabulary): Promise<void>
}

/** Nothing that the client's own object has is called like this. */
export function lacks (pattern: RegExp): Absence['isShown'] {
  return async ({ itself }) => {
    const members = membersOf(itself)
    assert.ok(members.includes('listTools'), members.join(', '))
    assert.deepEqual(members.filter((name) => pattern.test(name)), [])
  }
}

/** Whatever it is given, it does not ask for progress. */
export async function sendsNoProgressToken ({ itself, sent, callTool }: MatrixClient, { steps }: Vocabulary): Promise<void> {
  assert.deepEqual(membersOf(itself).filter((name) => /progress/i.test(name)), [])
  assert.match(await callTool(steps.name, steps.args), steps.says)
  const call = sent.findLast(({ method }) => method === 'tools/call')
  assert.equal(call?.params?.['name'], steps.name)
  assert.equal(call.params._meta?.['progressToken'], undefined)
}

/** Names of everything on the object and on what it inherits from. */
function membersOf (object: object): string[] {
  const names: string[] = []
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) names.push(...Object.getOwnPropertyNames(at))
  return names
}

/** What a client cannot, by step. Steps that are not here have to work with every server. */
export const cannot: Readonly<Record<string, Readonly<Record<string, Absence>>>> = {
  'ai-sdk': {
    progress: { reason: 'it drops every notification and sends no progress token', isShown: sendsNoProgressToken },
    subscribe: { reason: 'it drops every notification and has no method for it', isShown: lacks(/subscrib|listen|update/i) }
  },
  'mastra-legacy': {
    subscribe: {
      reason: 'it subscribes by subscriptions/listen, which the session era does not have',
      isShown: ({ itself }) => assert.rejects((itself as { resources: { subscribe (server: string, uri: string): Promise<void> } }).resources.subscribe('gateway', 'any://thing'), /subscriptions\/listen needs MCP 2026-07-28/)
    }
  },
  'openai-agents': {
    ask: { reason: 'it answers no questions', isShown: lacks(/elicit|sampl|inputRe/i) },
    progress: { reason: 'it sends no progress token', isShown: sendsNoProgressToken },
    prompt: { reason: 'it has tools and resources only', isShown: lacks(/prompt/i) },
    subscribe: { reason: 'it has no method for it', isShown: lacks(/subscrib|listen|updated/i) }
  }
}
