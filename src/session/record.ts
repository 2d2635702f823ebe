import { timingSafeEqual } from 'node:crypto'
import { isJsonObject, LOG_LEVELS, negotiate, type JsonObject } from '../protocol/index.ts'
import { readJson } from '../shared/read-json.ts'
import type { ClientHello } from './session.ts'

/** A session as far as another replica has to know it to go on with it. */
export interface SessionRecord {
  /** Digest of (issuer, tenant, user, client, route). */
  readonly owner: Buffer
  readonly hello: ClientHello
  readonly logLevel: string | undefined
}

/** A client that declared more than this in initialize has its session on one replica only: values are small (FR25). */
const MAX_CHARS = 16_384
/** Another form of the text will have another number. */
const VERSION = 1

/** @returns undefined = it would be too long to be kept */
export function recordText ({ owner, hello, logLevel }: SessionRecord): string | undefined {
  const text = JSON.stringify([VERSION, owner.toString('base64url'), hello.protocolVersion, hello.capabilities, logLevel ?? null])
  return text.length > MAX_CHARS ? undefined : text
}

/** The record of a text. `foreign`: it is somebody else's, or of another route; undefined: it is none of this version. */
export function readRecord (text: string, owner: Buffer): SessionRecord | 'foreign' | undefined {
  const parts = parsed(text)
  if (!Array.isArray(parts) || parts[0] !== VERSION) return undefined
  const [, digest, revision, capabilities, level] = parts as unknown[]
  const found = Buffer.from(String(digest), 'base64url')
  if (found.length !== owner.length || !timingSafeEqual(found, owner)) return 'foreign'
  const logLevel = typeof level === 'string' && LOG_LEVELS.includes(level) ? level : undefined
  return { owner, hello: { protocolVersion: negotiate(revision), capabilities: objectOr(capabilities) }, logLevel }
}

function objectOr (value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function parsed (text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}
