import { Ajv } from 'ajv'
import type { Options } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { compileSchema } from '../../src/schemas/index.ts'
import type { ArgumentRule } from '../../src/shared/settings/access.ts'
import type { ArgumentRuleEntry } from '../schema/access.ts'

/** A keyword that is misspelled says nothing; in a rule of the operator's own that is a hole. */
const STRICT: Options = { strictSchema: true, strictTypes: false, strictTuples: false, strictRequired: false, validateFormats: false, allowUnionTypes: true, logger: false }

/** Rules about arguments, each with a schema that is correct and can be run inline. */
export function buildArgumentRules (rules: readonly ArgumentRuleEntry[], place: Place, report: Report): ArgumentRule[] {
  return rules.map(({ tools, arguments: schema, effect, message }, index) => {
    checkSchema(schema, within(place, index, 'arguments'), report)
    return { tools, arguments: schema, effect: effect as ArgumentRule['effect'], ...(message === undefined ? {} : { message }) }
  })
}

function checkSchema (schema: Readonly<Record<string, unknown>>, place: Place, report: Report): void {
  const compiled = compileSchema(schema)
  if (compiled === 'refers out') return report.fault(place, 'expected a schema that refers to nothing outside of itself: nothing is fetched')
  if (compiled === 'outside') return report.fault(place, 'expected a schema of known keywords, at most 16 deep, with at most 50 patterns, and patterns without look-around and back-references')
  const wrong = complaintOf(schema)
  if (wrong !== undefined) return report.fault(place, `expected a JSON Schema, but ${wrong}`)
  const { properties, required } = schema
  const named = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  const open = named.filter((name) => !(Array.isArray(required) && required.includes(name)))
  if (open.length > 0) report.warn(place, `is fitted also by calls without ${open.join(', ')}, because "required" does not name ${open.length === 1 ? 'it' : 'them'}`)
}

function complaintOf (schema: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const dialect = typeof schema['$schema'] === 'string' && schema['$schema'].includes('draft-07') ? new Ajv(STRICT) : new Ajv2020(STRICT)
    dialect.compile(schema)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
