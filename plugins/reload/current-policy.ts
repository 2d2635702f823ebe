import type { Policy } from '../../src/tenancy/index.ts'

/** A policy that can be replaced by another one as a whole: whoever holds it asks the newest (rulings 4: policy is always current). */
export interface CurrentPolicy extends Policy {
  replace (next: Policy): void
}

/** Written out, not a Proxy: it is asked on the path of every call. */
export function createCurrentPolicy (first: Policy): CurrentPolicy {
  let now = first
  return {
    replace: (next) => { now = next },
    tenantKnown: (principal) => now.tenantKnown(principal),
    servers: (principal) => now.servers(principal),
    mayUseServer: (principal, server) => now.mayUseServer(principal, server),
    missingListScope: (principal, kind) => now.missingListScope(principal, kind),
    decision: (principal, server, kind, name) => now.decision(principal, server, kind, name),
    visible: (principal, server, kind, name) => now.visible(principal, server, kind, name),
    refusal: (principal, server, kind, name) => now.refusal(principal, server, kind, name)
  }
}
