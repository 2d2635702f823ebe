import { randomUUID } from 'node:crypto'
import type { SharedTier, Topic, TopicKind } from '../../cache/index.ts'
import { readJson } from '../../shared/read-json.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import { RedisAway, type RedisStore, type SignedValues } from '../types.ts'

const READ = script('cache/read')
const WRITE = script('cache/write')
const CHANGE = script('cache/change')

/** Nothing is kept for longer, whoever wished for it. */
const MAX_TTL_MS = 3_600_000
/** A generation outlives everything that was kept under the one before. */
const GENERATION_MS = MAX_TTL_MS + 60_000
/** Longest word about a change that is read. */
const MAX_WORD_CHARS = 1000

const KINDS: ReadonlySet<unknown> = new Set<TopicKind>(['tools', 'prompts', 'resources', 'reads', 'results'])

/** The parts of a Redis composition that this tier is made of. */
export interface SharedTierParts {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
}

/**
 * What the replicas keep together of servers' answers. Texts are signed with their generation (T57): one that somebody else
 * wrote, moved or put back counts as absent. What is said about changes is not: whoever makes it up makes replicas ask again.
 */
export function createSharedTier ({ store, signed, keys }: SharedTierParts): SharedTier {
  const self = randomUUID()
  const channel = keys.cacheChanges()
  const pair = ({ group, kind }: Topic, id: string): [entry: string, generation: string] => [keys.cacheEntry(group, kind, id), keys.cacheGeneration(group, kind)]
  return {
    get isUp () { return store.state === 'up' },
    async read (topic, id) {
      const [entry, generationKey] = pair(topic, id)
      const [stored, generation] = await store.run(READ, [entry, generationKey], []) as [unknown, unknown]
      if (typeof stored !== 'string' || typeof generation !== 'string') throw new RedisAway('an answer that is none')
      const signedText = stored === '' ? undefined : signed.verify(entry, stored)
      // The generation holds digits and a point, the text begins with a brace.
      const text = signedText?.startsWith(`${generation} {`) === true ? signedText.slice(generation.length + 1) : undefined
      return { text, generation }
    },
    write (topic, id, text, ttlMs, generation) {
      const [entry, generationKey] = pair(topic, id)
      store.send(WRITE, [entry, generationKey], [signed.sign(entry, `${generation} ${text}`), Math.max(1, Math.floor(Math.min(ttlMs, MAX_TTL_MS))), generation])
    },
    changed (topic) {
      const { group, kind } = topic
      store.send(CHANGE, [keys.cacheGeneration(group, kind)], [GENERATION_MS, channel, JSON.stringify([self, group, kind])])
    },
    onChanged: (onChanged, onGap) => store.subscribe(channel, (word) => {
      const topic = topicOf(word, self)
      if (topic !== undefined) onChanged(topic)
    }, onGap)
  }
}

/** Undefined: it is one's own word, or none. */
function topicOf (word: string, self: string): Topic | undefined {
  if (word.length > MAX_WORD_CHARS) return undefined
  try {
    const [from, group, kind] = readJson(word) as unknown[]
    return from === self || typeof group !== 'string' || !KINDS.has(kind) ? undefined : { group, kind: kind as TopicKind }
  } catch {
    return undefined
  }
}
