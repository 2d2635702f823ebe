type Json = Record<string, unknown>

/** Makes schemas and values that often, but not always, fit one another: both draw on few names and few values. */
export class RandomSchemas {
  readonly #random: () => number
  readonly #isOld: boolean

  constructor (random: () => number, isOld: boolean) {
    this.#random = random
    this.#isOld = isOld
  }

  #maybe (chance: number): boolean { return this.#random() < chance }

  #pick<T> (from: readonly T[]): T { return from[Math.floor(this.#random() * from.length)] as T }

  #some<T> (most: number, make: () => T): T[] { return Array.from({ length: Math.floor(this.#random() * (most + 1)) }, make) }

  value (depth = 0): unknown {
    const kind = this.#random()
    if (depth < 3 && kind < 0.3) return Object.fromEntries(this.#some(3, () => [this.#pick(NAMES), this.value(depth + 1)]))
    if (depth < 3 && kind < 0.5) return this.#some(4, () => this.value(depth + 1))
    return this.#pick(SCALARS)
  }

  schema (depth = 0): unknown {
    if (this.#maybe(0.05)) return this.#maybe(0.7)
    const schema: Json = {}
    if (this.#maybe(0.5)) schema['type'] = this.#maybe(0.7) ? this.#pick(TYPES) : [...new Set([this.#pick(TYPES), this.#pick(TYPES)])]
    this.#scalars(schema)
    if (depth < 3) {
      this.#objects(schema, depth + 1)
      this.#arrays(schema, depth + 1)
      this.#combinations(schema, depth + 1)
    }
    return schema
  }

  /** A whole document, with definitions that its parts refer to. */
  document (): Json {
    const root = this.schema()
    return { ...(typeof root === 'object' ? root : {}), $defs: { a: this.schema(2), b: this.schema(2) } }
  }

  #scalars (schema: Json): void {
    if (this.#maybe(0.1)) schema['minimum'] = this.#pick([0, 1, 2.5])
    if (this.#maybe(0.1)) schema['exclusiveMaximum'] = this.#pick([1, 3, 100])
    if (this.#maybe(0.05)) schema['multipleOf'] = this.#pick([1, 2, 0.5])
    if (this.#maybe(0.1)) schema['minLength'] = this.#pick([0, 1, 2])
    if (this.#maybe(0.1)) schema['maxLength'] = this.#pick([0, 1, 2, 5])
    if (this.#maybe(0.1)) schema['pattern'] = this.#pick(PATTERNS)
    if (this.#maybe(0.1)) schema['enum'] = [...new Set(this.#some(3, () => this.#pick(SCALARS))), this.value(2), null].filter((one, at, all) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === at)
    if (this.#maybe(0.05)) schema['const'] = this.value(2)
  }

  #objects (schema: Json, depth: number): void {
    if (this.#maybe(0.5)) schema['properties'] = Object.fromEntries(this.#some(3, () => [this.#pick(NAMES), this.schema(depth)]))
    if (this.#maybe(0.2)) schema['required'] = [...new Set(this.#some(2, () => this.#pick(NAMES)))]
    if (this.#maybe(0.3)) schema['additionalProperties'] = this.#maybe(0.5) ? false : this.schema(depth)
    if (this.#maybe(0.1)) schema['patternProperties'] = { [this.#pick(PATTERNS)]: this.schema(depth) }
    if (this.#maybe(0.1)) schema['propertyNames'] = { pattern: this.#pick(PATTERNS) }
    if (this.#maybe(0.1)) schema['minProperties'] = 1
    if (this.#maybe(0.1)) schema['maxProperties'] = 2
    if (this.#maybe(0.1)) schema[this.#isOld ? 'dependencies' : 'dependentRequired'] = { [this.#pick(NAMES)]: [this.#pick(NAMES)] }
    if (this.#maybe(0.1)) schema[this.#isOld ? 'dependencies' : 'dependentSchemas'] = { [this.#pick(NAMES)]: this.schema(depth) }
  }

  #arrays (schema: Json, depth: number): void {
    const tuple = this.#maybe(0.2) ? [this.schema(depth), this.schema(depth)] : undefined
    if (tuple !== undefined) schema[this.#isOld ? 'items' : 'prefixItems'] = tuple
    if (this.#maybe(0.3) && !(this.#isOld && tuple !== undefined)) schema['items'] = this.schema(depth)
    if (this.#isOld && tuple !== undefined && this.#maybe(0.5)) schema['additionalItems'] = this.schema(depth)
    // Beside a tuple, Ajv takes an empty array for one that contains it.
    if (tuple === undefined && this.#maybe(0.1)) schema['contains'] = this.schema(depth)
    if (schema['contains'] !== undefined && !this.#isOld && this.#maybe(0.5)) Object.assign(schema, { minContains: this.#pick([0, 1, 2]), maxContains: 2 })
    if (this.#maybe(0.1)) schema['minItems'] = 1
    if (this.#maybe(0.1)) schema['maxItems'] = 2
    if (this.#maybe(0.1)) schema['uniqueItems'] = true
  }

  #combinations (schema: Json, depth: number): void {
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) if (this.#maybe(0.1)) schema[keyword] = [this.schema(depth), this.schema(depth)]
    if (this.#maybe(0.07)) schema['not'] = this.schema(depth)
    if (this.#maybe(0.1)) Object.assign(schema, { if: this.schema(depth), then: this.schema(depth), else: this.schema(depth) })
    if (this.#maybe(0.1)) schema['$ref'] = this.#pick(['#/$defs/a', '#/$defs/b'])
  }
}

/** Not `__proto__`, which Ajv leaves out of `properties`, nor `toString` and `valueOf`, which it calls when it compares. */
const NAMES = ['a', 'b', 'ab', 'constructor', 'hasOwnProperty', 'a/b~c']
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object']
const SCALARS = [null, true, false, 0, 1, 2, 2.5, -1, 1e6, '', 'a', 'ab', 'abab', '😀', 'é1', 'constructor']
const PATTERNS = ['^a', 'b$', '^[a-c]{1,3}$', '\\d', '^(?:ab)+$', '^.$', '\\p{L}', '']
