import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ENVIRONMENT } from '../../../config/index.ts'
import { commandHelp } from '../../../src/cli/help.ts'
import { COMMANDS } from '../../../src/cli/run-cli.ts'
import { PROJECT } from './io.ts'

const read = (name: string) => readFileSync(`${PROJECT}/docs/${name}`, 'utf8')

describe('the documents say what the program says', () => {
  for (const command of COMMANDS) {
    it(`docs/commands.md holds the help of ${command.name}`, () => {
      assert.ok(read('commands.md').includes(`\n## ${command.name}\n\n\`\`\`\n${commandHelp(command)}\`\`\`\n`), `put the output of "drawbridge ${command.name} --help" below its heading`)
    })
  }

  it('docs/configuration.md names every environment variable', () => {
    for (const name of Object.keys(ENVIRONMENT)) assert.ok(read('configuration.md').includes(`\`${name}\``), name)
  })
})
