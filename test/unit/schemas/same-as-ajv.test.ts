import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv, type Options, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { compileSchema, type Mismatch } from '../../../src/schemas/index.ts'
import { seeded } from '../../helpers/random.ts'
import { RandomSchemas } from './random-schemas.ts'

const OPTIONS: Options = { strict: false, validateFormats: false, ownProperties: true, logger: false, validateSchema: false }

/** Undefined: as below. */
function compiledByAjv (schema: Record<string, unknown>, isOld: boolean): ValidateFunction | undefined {
  try {
    return isOld ? new Ajv(OPTIONS).compile(schema) : new Ajv2020(OPTIONS).compile(schema)
  } catch (thrown) {
    assert.ok(thrown instanceof RangeError, String(thrown))
    return undefined
  }
}

/** Undefined: a reference that leads back to itself has ended the stack. */
function verdictOf (theirs: ValidateFunction, value: unknown): boolean | undefined {
  try {
    return theirs(value)
  } catch (thrown) {
    assert.ok(thrown instanceof RangeError, String(thrown))
    return undefined
  }
}

function compareWithAjv (isOld: boolean, documents: number): Readonly<Record<'fits' | 'misfits' | 'endless', number>> {
  const seen = { fits: 0, misfits: 0, endless: 0 }
  const make = new RandomSchemas(seeded(isOld ? 7 : 20201222), isOld)
  for (let at = 0; at < documents; at++) {
    const schema = make.document()
    const theirs = compiledByAjv(schema, isOld)
    if (theirs === undefined) continue
    const ours = compileSchema(schema)
    assert.ok(typeof ours === 'object', `document ${at} is run inline: ${JSON.stringify(schema)}`)
    for (let round = 0; round < 12; round++) {
      const value = make.value()
      const found: Mismatch | 'too costly' | undefined = ours.run(value)
      const context: string = `document ${at}: ${JSON.stringify(schema)}\nvalue: ${JSON.stringify(value)}\nours: ${JSON.stringify(found)}\ntheirs: ${JSON.stringify(theirs.errors)}`
      const expected = verdictOf(theirs, value)
      if (found === 'too costly' || expected === undefined) seen.endless++
      else assert.equal(found === undefined, expected, context)
      seen[found === undefined ? 'fits' : 'misfits']++
    }
  }
  return seen
}

test('random schemas and values get the verdicts of Ajv, 2020-12', () => {
  const { fits, misfits, endless } = compareWithAjv(false, 600)
  assert.ok(fits > 500 && misfits > 500, `${fits} fit and ${misfits} do not`)
  assert.ok(endless < 200, `${endless} lead back to themselves`)
})

test('and those of draft-07', () => {
  const { fits, misfits, endless } = compareWithAjv(true, 300)
  assert.ok(fits > 250 && misfits > 250, `${fits} fit and ${misfits} do not`)
  assert.ok(endless < 100, `${endless} lead back to themselves`)
})
