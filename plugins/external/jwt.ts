import { createPublicKey } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { JWT } from '@fastify/jwt'
import Fastify from 'fastify'
import { GatewayError } from '../../src/shared/errors.ts'
import type { TokenEngine } from '../../src/auth/index.ts'
import type { TokenKeySettings } from '../../src/shared/settings/auth.ts'

/** Not a plugin of the listeners: tokens are verified by src/auth, which this gives a signature to look at. */
export const autoload = false

/** In front of a key's id, so that no id is taken for a member of every object. */
const NAMESPACE = 'kid:'

/**
 * Signs and verifies the gateway's own tokens by @fastify/jwt: EdDSA and nothing else, each key a namespace of its own, no
 * cache of verdicts, because src/auth has one that knows about revocations (T06, T12). Times and audiences are src/auth's.
 * @param keys the first signs; called when they are needed, once
 */
export function createTokenEngine (keys: () => readonly TokenKeySettings[]): TokenEngine {
  let made: Promise<Made> | undefined
  const ready = (): Promise<Made> => {
    made ??= make(keys).catch((error: unknown) => {
      // A file that cannot be read may be readable the next time.
      made = undefined
      throw error
    })
    return made
  }
  return {
    async sign (payload) {
      const { byKid, first } = await ready()
      const signer = first === undefined ? undefined : byKid.get(first)
      if (signer === undefined) throw new GatewayError('GW_INTERNAL', { reason: 'there is no key to sign tokens with' })
      return signer.sign({ ...payload })
    },
    async verify (text, kid) {
      try {
        // Without keys nothing can have been signed with them; who wants a token signed is told why.
        const verifier = (await ready()).byKid.get(kid)
        verifier?.verify(text)
        return verifier !== undefined
      } catch {
        return false
      }
    }
  }
}

interface Made {
  readonly byKid: ReadonlyMap<string, JWT>
  /** Id of the key that signs. */
  readonly first: string | undefined
}

/** An instance of its own: registering decorates requests, which nothing here has. */
async function make (readKeys: () => readonly TokenKeySettings[]): Promise<Made> {
  const keys = readKeys()
  const app = Fastify({ logger: false })
  for (const { kid, privateKey } of keys) {
    await app.register(jwt, {
      namespace: NAMESPACE + kid,
      secret: { private: privateKey, public: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString() },
      sign: { algorithm: 'EdDSA', kid, header: { alg: 'EdDSA', typ: 'at+jwt' } },
      verify: { algorithms: ['EdDSA'], cache: false, ignoreExpiration: true, ignoreNotBefore: true }
    })
  }
  await app.ready()
  const namespaces = app.jwt as unknown as Readonly<Record<string, JWT>> | undefined
  const byKid = new Map(keys.flatMap(({ kid }) => {
    const engine = namespaces?.[NAMESPACE + kid]
    return engine === undefined ? [] : [[kid, engine] as const]
  }))
  return { byKid, first: keys[0]?.kid }
}
