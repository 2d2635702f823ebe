import { within } from '../fault.ts'
import type { Place } from '../fault.ts'
import type { IntrospectionSettings } from '../../src/shared/settings/auth.ts'
import type { IntrospectionEntry } from '../schema/auth.ts'
import { buildReach, checkIssuerUrl } from './issuer-reach.ts'
import type { Located } from './merge.ts'
import { identityOf, readSecret } from './token-identity.ts'
import type { IdentityContext } from './token-identity.ts'

/** Servers that are asked about tokens. A token is shown to one of them at most, so it has to be clear to which. */
export function buildIntrospection (entries: readonly Located<IntrospectionEntry>[], context: IdentityContext): readonly IntrospectionSettings[] {
  checkPrefixes(entries, context)
  return entries.map(({ value, place }) => {
    checkIssuerUrl(value.endpoint, value.allowPrivateNetwork === true, within(place, 'endpoint'), context)
    return {
      endpoint: value.endpoint,
      clientId: value.clientId,
      clientSecret: readSecret(value.clientSecretEnv, within(place, 'clientSecretEnv'), context) ?? '',
      ...(value.tokenPrefix === undefined ? {} : { tokenPrefix: value.tokenPrefix }),
      ...identityOf(value, place, context),
      ...buildReach(value, place, context)
    }
  })
}

function checkPrefixes (entries: readonly Located<IntrospectionEntry>[], { report }: IdentityContext): void {
  entries.forEach(({ value, place }, index) => {
    const at = within(place, 'tokenPrefix')
    if (value.tokenPrefix?.startsWith('db_') === true) report.fault(at, 'expected another prefix than db_, which is that of API keys')
    const earlier = entries.slice(0, index).find((other) => areAmbiguous(other.value.tokenPrefix, value.tokenPrefix))
    if (earlier !== undefined) report.fault(at, `expected a prefix that tells its tokens from those of ${JSON.stringify(earlier.value.issuer)}`)
  })
}

/** Two entries without a prefix, or one prefix that begins another. */
function areAmbiguous (one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.startsWith(other) || other.startsWith(one)
}

/** Entries of a list in the main file, with their places. */
export function located<T> (values: readonly T[] | undefined, place: Place): Located<T>[] {
  return (values ?? []).map((value, index) => ({ value, place: within(place, index) }))
}
