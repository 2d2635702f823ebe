import { INSTANCE_CHARS, ownerOfKey, type Beat, type Claimed, type ClaimRequest, type Listed, type OwnClaim, type Replica, type ReplicaStore } from '../../replicas/index.ts'
import { readJson } from '../../shared/read-json.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import type { RedisReply, RedisStore, SignedValues } from '../types.ts'

const BEAT = script('replicas/beat')
const CLAIM = script('replicas/claim')
const RENEW = script('replicas/renew')
const RELEASE = script('replicas/release')

/** A replica that says nothing for this long is off the list. */
const LISTED_MS = 8000
/** A claim that its owner does not keep ends after this; kept at least every ten seconds. Who owns a key is decided by who lives, not by this. */
const CLAIM_MS = 60_000
/** Claims in one script: some tenth of a millisecond of Redis. */
const MAX_AT_ONCE = 100

/** The parts of a Redis composition that this store is made of. */
export interface ReplicaStoreParts {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
}

/** Listings and claims of replicas in Redis. */
export function createReplicaStore ({ store, signed, keys }: ReplicaStoreParts): ReplicaStore {
  const listKey = keys.liveReplicas()

  /** Claims of one tenant, some at a time, with their places among all. */
  function perTenant (claims: readonly OwnClaim[]): Array<{ readonly tenant: string, readonly places: readonly number[] }> {
    const byTenant = new Map<string, number[][]>()
    for (const [place, { key }] of claims.entries()) {
      const tenant = tenantOf(key)
      const groups = byTenant.get(tenant) ?? []
      byTenant.set(tenant, groups)
      const last = groups.at(-1)
      if (last === undefined || last.length >= MAX_AT_ONCE) groups.push([place])
      else last.push(place)
    }
    return [...byTenant].flatMap(([tenant, groups]) => groups.map((places) => ({ tenant, places })))
  }

  async function speak ({ name, instance, origin, isDraining }: Replica, hasLeft: boolean): Promise<Beat> {
    const listing = signed.sign(`${listKey}/${instance}`, JSON.stringify([name, origin, isDraining, hasLeft]))
    return readBeat(await store.run(BEAT, [listKey], [instance, listing, LISTED_MS]), (other, text) => signed.verify(`${listKey}/${other}`, text))
  }

  const claimKey = ({ key }: Pick<OwnClaim, 'key'>): string => keys.ownerClaim(tenantOf(key), key)

  return {
    get isAway () { return store.state === 'away' },
    beat: async (self) => await speak(self, false),
    // It stays listed, as one that has left, until everybody has heard of it.
    async leave (self) { await speak(self, true) },
    async claim (request) {
      const { key, by, live, instead, isWanted } = request
      const tenant = tenantOf(key)
      const reply = await store.run(CLAIM, [keys.ownerClaim(tenant, key), keys.ownerMarker(tenant)], [by, CLAIM_MS, `${live.join(' ')} `, insteadText(instead), Number(isWanted)])
      return readClaimed(reply)
    },
    async renew (by, claims) {
      const fences: Array<number | undefined> = claims.map(() => undefined)
      await Promise.all(perTenant(claims).map(async ({ tenant, places }) => {
        const some = places.map((place) => claims[place]).filter((claim) => claim !== undefined)
        const reply = await store.run(RENEW, [keys.ownerMarker(tenant), ...some.map(claimKey)], [by, CLAIM_MS, ...some.map(({ fence }) => fence)])
        for (const [at, place] of places.entries()) fences[place] = Number((reply as readonly RedisReply[])[at]) || undefined
      }))
      return fences
    },
    async release (by, claims) {
      await Promise.allSettled(perTenant(claims).map(async ({ places }) => {
        const some = places.map((place) => claims[place]).filter((claim) => claim !== undefined)
        await store.run(RELEASE, some.map(claimKey), [by, ...some.map(({ fence }) => fence)])
      }))
    }
  }
}

function tenantOf (key: string): string {
  return ownerOfKey(key)[0] ?? ''
}

function insteadText (instead: ClaimRequest['instead']): string {
  if (instead === undefined) return '-'
  return instead === '' ? '*' : instead
}

function readBeat (reply: RedisReply, verified: (instance: string, text: string) => string | undefined): Beat {
  const [wasListed, wallMs, ...rest] = reply as ReadonlyArray<string | number>
  const listed: Listed[] = []
  for (let at = 0; at + 2 < rest.length; at += 3) {
    const instance = String(rest[at])
    // What is not signed is nobody: it was counted.
    const text = verified(instance, String(rest[at + 2]))
    if (text === undefined || instance.length !== INSTANCE_CHARS) continue
    const [name, origin, isDraining, hasLeft] = readJson(text) as [string, string, boolean, boolean]
    const replica: Replica = { name, instance, origin, isDraining }
    listed.push({ replica, ageMs: Number(rest[at + 1]), hasLeft })
  }
  return { listed, wasListed: wasListed === 1, wallMs: Number(wallMs) }
}

function readClaimed (reply: RedisReply): Claimed {
  const [kind, detail = ''] = reply as readonly [Claimed['kind'], string?]
  switch (kind) {
    case 'mine': return { kind, fence: Number(detail) }
    case 'held':
    case 'orphaned': return { kind, by: detail }
    case 'unsure':
    case 'free': return { kind }
  }
}
