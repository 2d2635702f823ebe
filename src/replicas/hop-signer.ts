import { createHmac, timingSafeEqual } from 'node:crypto'
import { readJson } from '../shared/read-json.ts'
import type { Principal } from '../shared/principal.ts'
import { deriveKey } from '../seal/index.ts'
import { ReplayWindow } from './replay-window.ts'
import type { HopClaims } from './types.ts'

/** Longest time between signing and reading, by the replicas' common clock, in milliseconds. */
const VALID_MS = 5000
/** Senders whose numbers are remembered at once: more replicas than anybody runs. */
const MAX_SENDERS = 256
/** Identities whose texts are remembered, so that one identity stays one object. */
const MAX_PRINCIPALS = 10_000

/** For what a signature stands, besides its claims: nothing of it can be used for another request. */
export interface HopTarget {
  /** Instance that is to serve it. */
  readonly to: string
  readonly method: string
  /** As in the request line. */
  readonly path: string
}

/** What a replica was told with a request. */
export interface ReceivedHop extends HopClaims {
  /** To be sent back with the answer: only who knows the secret can say it. */
  readonly proof: string
}

/** It waited too long before it was read, as in a process that stood still: nothing of it is done, and its sender is told so. */
export interface LateHop { readonly isLate: true, readonly proof: string }

/** Signs what one replica tells another, and reads it. */
export interface HopSigner {
  /** @returns the header's value, and the proof that the answer has to bear */
  sign (claims: Omit<HopClaims, 'from'>, target: HopTarget): { readonly text: string, readonly proof: string }
  /** Undefined: not signed with the secret, not for this replica or request, or here before. Late: good once, but too old by now. */
  read (text: unknown, target: Omit<HopTarget, 'to'>): ReceivedHop | LateHop | undefined
}

/** What {@link createHopSigner} needs. */
export interface HopSignerOptions {
  /** Settings.secret. */
  readonly secret: string
  /** Instance that signs, and that is to serve what it reads. */
  readonly self: string
  /** Milliseconds since 1970 by the clock that the replicas share. */
  readonly wallMs: () => number
}

/** Members of the claims that differ from request to request, in their order. */
type Rest = [from: string, to: string, number: number, signedMs: number, requestId: string, clientAddress: string, ownerKey: string | null]

/**
 * A header of three parts, `<identity>.<rest>.<HMAC-SHA256 over the request line and both>`, in base64url. The identity is written and
 * read once per caller. Each sender numbers what it signs, so that nothing is served twice: a number is refused when it was
 * seen before, and a signature ends after {@link VALID_MS}. What follows in the body and in other headers is not signed: the
 * way between replicas is the operator's to keep private.
 */
export function createHopSigner ({ secret, self, wallMs }: HopSignerOptions): HopSigner {
  const key = deriveKey(secret, 'replica hops')
  const texts = new WeakMap<Principal, string>()
  const principals = new Map<string, Principal>()
  const windows = new Map<string, ReplayWindow>()
  let signed = 0

  const macOf = (purpose: string, ...parts: string[]): Buffer => createHmac('sha256', key).update(JSON.stringify([purpose, ...parts])).digest()
  const proofOf = (mac: Buffer): string => macOf('answer', mac.toString('base64url')).toString('base64url')

  function textOf (principal: Principal): string {
    let text = texts.get(principal)
    if (text === undefined) texts.set(principal, text = encode(principal))
    return text
  }

  /** Once its text is known to be signed. */
  function principalOf (text: string): Principal {
    const known = principals.get(text)
    if (known !== undefined) return known
    const principal = Object.freeze(decode(text)) as Principal
    const [oldest] = principals.keys()
    if (principals.size >= MAX_PRINCIPALS && oldest !== undefined) principals.delete(oldest)
    principals.set(text, principal)
    return principal
  }

  function windowOf (from: string): ReplayWindow {
    const known = windows.get(from)
    if (known !== undefined) return known
    const [oldest] = windows.keys()
    if (windows.size >= MAX_SENDERS && oldest !== undefined) windows.delete(oldest)
    const made = new ReplayWindow()
    windows.set(from, made)
    return made
  }

  return {
    sign ({ principal, requestId, clientAddress, ownerKey }, { to, method, path }) {
      const rest: Rest = [self, to, ++signed, wallMs(), requestId, clientAddress, ownerKey ?? null]
      const [who, what] = [principal === undefined ? '' : textOf(principal), encode(rest)]
      const mac = macOf('request', method, path, who, what)
      return { text: `${who}.${what}.${mac.toString('base64url')}`, proof: proofOf(mac) }
    },
    read (text, { method, path }) {
      if (typeof text !== 'string') return undefined
      const [who = '', what = '', sent = '', ...more] = text.split('.')
      const mac = macOf('request', method, path, who, what)
      const given = Buffer.from(sent, 'base64url')
      if (more.length > 0 || given.length !== mac.length || !timingSafeEqual(given, mac)) return undefined
      const [from, to, number, signedMs, requestId, clientAddress, ownerKey] = decode(what) as Rest
      if (to !== self || !windowOf(from).admit(number)) return undefined
      if (Math.abs(wallMs() - signedMs) > VALID_MS) return { isLate: true, proof: proofOf(mac) }
      return { requestId, clientAddress, from, proof: proofOf(mac), ...who === '' ? {} : { principal: principalOf(who) }, ...ownerKey === null ? {} : { ownerKey } }
    }
  }
}

function encode (value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode (text: string): unknown {
  return readJson(Buffer.from(text, 'base64url').toString('utf8'))
}
