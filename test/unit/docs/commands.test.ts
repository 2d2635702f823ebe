/** What pages tell readers to type is there to be typed. */
import assert from 'node:assert/strict'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allOptions } from '../../../src/cli/parse-command.ts'
import { COMMANDS } from '../../../src/cli/run-cli.ts'
import { pageName, pages, projectRoot } from '../../helpers/pages.ts'

const all = pages().flatMap((page) => codeOf(page).map((line) => ({ page: pageName(page), line })))

/** What a page shows as code: lines of its blocks, and spans. */
function codeOf (page: string): string[] {
  const text = readFileSync(page, 'utf8')
  const blocks = [...text.matchAll(/^( *)```[^\n]*\n([\s\S]*?)^\1```/gm)].flatMap(([, , block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
  const spans = [...text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return [...blocks, ...spans]
}

/** Commands of this program in a line of code: as such, or as what the container's entry point is given. */
function commandsIn (line: string): string[] {
  return [...line.matchAll(/(?:^\s*|npx |[$;&|] ?|bin\/)(?:drawbridge(?:\.mjs)?|docker compose\b[^|;]*? run [^|;]*?packages) ((?:[a-z]+ ?)+[^|;&#)]*)/g)].map(([, rest = '']) => rest.trim())
}

/** Long options, up to the end of the command. */
function optionsIn (rest: string): string[] {
  return [...rest.split(/ -- |[|;&#(]/)[0]?.matchAll(/(?:^|\s)--([a-z][a-z-]*)/g) ?? []].map(([, name = '']) => name)
}

test('every drawbridge command that a page shows exists, with its options', () => {
  let seen = 0
  const wrong: string[] = []
  for (const { page, line } of all) {
    for (const rest of commandsIn(line)) {
      const words = rest.split(' ')
      const command = COMMANDS.find(({ name }) => name.split(' ').every((word, at) => words[at] === word))
      if (command === undefined) {
        if (!COMMANDS.some(({ name }) => name.startsWith(`${words[0] ?? ''} `)) && words[0] !== 'help') wrong.push(`${page}: ${line}`)
        continue
      }
      const known = Object.keys(allOptions(command))
      for (const option of optionsIn(rest)) if (!known.includes(option) && !known.includes(option.replace(/^no-/, ''))) wrong.push(`${page}: --${option} in ${line}`)
      seen++
    }
  }
  assert.deepEqual(wrong, [])
  assert.ok(seen > 40, `${seen} commands were seen`)
})

test('every script that a page shows exists, can be run, and knows its options', () => {
  let seen = 0
  const wrong: string[] = []
  for (const { page, line } of all) {
    for (const [, name = '', rest = ''] of line.matchAll(/(?:^|[\s(/])scripts\/([a-z-]+)(?![\w./-])([^`]*)/g)) {
      const path = join(projectRoot, 'scripts', name)
      if (!existsSync(path)) wrong.push(`${page}: scripts/${name}`)
      else if (name !== 'lib') {
        accessSync(path, constants.X_OK)
        const text = readFileSync(path, 'utf8')
        for (const option of optionsIn(rest)) if (!text.includes(`--${option}`)) wrong.push(`${page}: scripts/${name} --${option}`)
      }
      seen++
    }
  }
  assert.deepEqual(wrong, [])
  assert.ok(seen > 10, `${seen} scripts were seen`)
})

test('every npm script that a page shows exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const shown = all.flatMap(({ page, line }) => [...line.matchAll(/(?:^|\s)npm (?:run ([a-z:-]+)|(start|test))/g)].map(([, run, short = '']) => ({ page, name: run ?? short })))
  assert.deepEqual(shown.filter(({ name }) => scripts[name] === undefined), [])
  assert.ok(shown.length > 15, `${shown.length} scripts were seen`)
})
