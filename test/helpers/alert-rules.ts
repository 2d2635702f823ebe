import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** prometheus/ of this checkout, with a slash at its end. */
export const prometheusDir = fileURLToPath(new URL('../../prometheus/', import.meta.url))

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface RecordingRule { readonly record: string, readonly expr: string }

/** A test of prometheus/tests, as far as it says which alert it expects to fire. */
export interface RuleTest {
  readonly name: string
  readonly expressions: ReadonlyArray<{ readonly expr: string, readonly fires: boolean }>
}

interface RuleFile { readonly groups: ReadonlyArray<{ readonly name: string, readonly rules: ReadonlyArray<AlertRule | RecordingRule> }> }
interface TestFile { readonly tests: ReadonlyArray<{ readonly name: string, readonly promql_expr_test?: ReadonlyArray<{ readonly expr: string, readonly exp_samples: readonly unknown[] }> }> }

function read (path: string): unknown {
  return parse(readFileSync(prometheusDir + path, 'utf8'))
}

/** Names of the YAML files of a folder of prometheus/, sorted. */
export function yamlFiles (folder: 'rules' | 'tests'): string[] {
  return readdirSync(prometheusDir + folder).filter((name) => name.endsWith('.yml')).sort()
}

function allRules (): Array<{ readonly file: string, readonly rule: AlertRule | RecordingRule }> {
  return yamlFiles('rules').flatMap((file) => (read(`rules/${file}`) as RuleFile).groups.flatMap(({ rules }) => rules.map((rule) => ({ file, rule }))))
}

/** Every alert of prometheus/rules, with the file it stands in. */
export function alertRules (): Array<AlertRule & { readonly file: string }> {
  return allRules().flatMap(({ file, rule }) => 'alert' in rule ? [{ ...rule, file }] : [])
}

/** Every recording rule of prometheus/rules. */
export function recordingRules (): RecordingRule[] {
  return allRules().flatMap(({ rule }) => 'record' in rule ? [rule] : [])
}

/** Every test of prometheus/tests. */
export function ruleTests (): RuleTest[] {
  return yamlFiles('tests').flatMap((file) => (read(`tests/${file}`) as TestFile).tests.map(({ name, promql_expr_test: tests = [] }) => ({
    name,
    expressions: tests.map(({ expr, exp_samples: samples }) => ({ expr, fires: samples.length > 0 }))
  })))
}
