import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'

/** A scope that is not known opens nothing; say so. */
export function checkScopes (scopes: readonly string[] | undefined, place: Place, report: Report): void {
  scopes?.forEach((scope, index) => {
    if (!/^(?:\*|tools:read|tools:call(?::.+)?|resources:read|prompts:read)$/.test(scope)) report.warn(within(place, index), 'is a scope that grants nothing; known are tools:read, tools:call[:<pattern>], resources:read, prompts:read and *')
  })
}
