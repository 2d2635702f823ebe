import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pageName, pages } from '../../helpers/pages.ts'

/** Targets of the links of a text, outside code. */
function linksIn (text: string): string[] {
  return [...text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
}

/** As GitHub makes them: lower case, punctuation gone, spaces as dashes. */
function anchorsIn (text: string): string[] {
  return [...text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map((match) => (match[1] ?? '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

test('every relative link of every page leads to a file, and every anchor to a heading', () => {
  let followed = 0
  const broken: string[] = []
  for (const page of pages()) {
    const text = readFileSync(page, 'utf8')
    for (const link of linksIn(text).filter((target) => !/^[a-z]+:/.test(target))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      const isThere = existsSync(target) && (anchor === undefined || !statSync(target).isFile() || anchorsIn(readFileSync(target, 'utf8')).includes(anchor))
      if (!isThere) broken.push(`${pageName(page)}: ${link}`)
      followed++
    }
  }
  assert.deepEqual(broken, [])
  assert.ok(followed > 300, `only ${followed} links were seen`)
})
