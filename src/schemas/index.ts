/**
 * schemas: holds values to JSON Schemas that somebody else wrote: the input schemas of tools, and the rules of operators.
 *
 * Owns: the compiled form of schemas, shared by all users and made of nothing but the schema itself; the bound on what one
 * check may cost; the threads for what cannot be bounded beforehand.
 * Must never: fetch anything (MCP 2026-07-28 forbids network `$ref`), make code of a schema on the main thread, run a schema's
 * pattern there by anything but a linear-time engine, keep a value.
 * Called by: src/gateway (arguments against the tool's own schema), src/tenancy (rules about arguments), config/ (their schemas).
 * Sources: JSON Schema 2020-12 and draft-07, MCP 2025-11-25 tools (SEP-1303), rulings 4, T37, FR35, R13.
 *
 * | schema or value | checked |
 * | no `$ref` out of the document, known keywords, at most 64 KiB and 16 deep | inline, at most {@link MAX_STEPS} steps |
 * | other keywords, larger or deeper ones, patterns that RE2 has not, values of more than 64 KiB, more steps | in a thread, with a deadline |
 * | `$ref` to another document, more than 1 MiB | not at all: the caller of this room decides |
 *
 * The inline checker is our own because making a validator of a schema with Ajv costs 3 ms for a small one and 100 ms for 13 KiB
 * of it, on the event loop of everybody; here it is a walk over the schema. It is held to Ajv's verdicts by a test.
 *
 * Fails: by value only. Metrics: none of its own; callers count.
 */
export { compileSchema } from './compile-schema.ts'
export type { CompiledSchema, Mismatch, Verdict } from './types.ts'
export { createSchemaBook } from './schema-book.ts'
export type { ArgumentCheck, SchemaBook } from './schema-book.ts'
