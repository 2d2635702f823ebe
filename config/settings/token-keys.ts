import { createPrivateKey } from 'node:crypto'
import { within } from '../fault.ts'
import type { Place } from '../fault.ts'
import type { TokenKeySettings } from '../../src/shared/settings/auth.ts'
import type { IdentityContext } from './token-identity.ts'
import { readSecret } from './token-identity.ts'

/** The keys of the gateway's own tokens, each tried out here and not with the first token. */
export function buildTokenKeys (entries: ReadonlyArray<{ readonly kid: string, readonly privateKeyEnv: string }>, place: Place, context: IdentityContext): readonly TokenKeySettings[] {
  return entries.map(({ kid, privateKeyEnv }, index) => {
    const at = within(place, index)
    if (entries.slice(0, index).some((other) => other.kid === kid)) context.report.fault(within(at, 'kid'), 'expected each kid once, but another key has the same')
    const privateKey = readSecret(privateKeyEnv, within(at, 'privateKeyEnv'), context) ?? ''
    if (privateKey !== '' && !isEd25519(privateKey)) context.report.fault(within(at, 'privateKeyEnv'), 'expected an Ed25519 private key in PEM without a passphrase; make one with: openssl genpkey -algorithm ed25519')
    return { kid, privateKey }
  })
}

function isEd25519 (pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}
