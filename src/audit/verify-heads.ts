import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { headMessage } from './chain.ts'
import { fingerprintOf } from './head-key.ts'
import type { ChainLine } from './verify-line.ts'

/** A public key that heads are held to. */
export interface KnownKey {
  readonly key: KeyObject
  readonly fingerprint: string
}

/** @param pem of the public or the private key @throws when it is no Ed25519 key */
export function readKnownKey (pem: string): KnownKey {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('expected an Ed25519 key in PEM')
  return { key, fingerprint: fingerprintOf(key.export({ type: 'spki', format: 'der' })) }
}

/** The key that the chain's first line names. It proves that one and the same wrote the chain, not who. */
export function keyOfChain (line: ChainLine): KnownKey | undefined {
  const text = line.members['public_key']
  if (typeof text !== 'string') return undefined
  try {
    const der = Buffer.from(text, 'base64')
    return { key: createPublicKey({ key: der, format: 'der', type: 'spki' }), fingerprint: fingerprintOf(der) }
  } catch {
    return undefined
  }
}

/** What is wrong with a head; undefined = its signature is right. */
export function headFault (line: ChainLine, known: KnownKey): string | undefined {
  const { key, signature } = line.members
  const end = `,"signature":"${String(signature)}"}`
  if (key !== known.fingerprint) return `is a head signed with another key (${String(key)}, expected ${known.fingerprint})`
  const isRight = line.text.endsWith(end) && verify(null, headMessage(line.text.slice(0, -end.length)), known.key, Buffer.from(String(signature), 'base64url'))
  return isRight ? undefined : 'is a head whose signature is not right'
}
