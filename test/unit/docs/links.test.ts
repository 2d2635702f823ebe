import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')).map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => join(root, 'docs', name)),
  join(root, 'bench/README.md')
]

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
  for (const page of pages) {
    const text = readFileSync(page, 'utf8')
    for (const link of linksIn(text).filter((target) => !/^[a-z]+:/.test(target))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(target), `${relative(root, page)}: ${link}`)
      if (anchor !== undefined && statSync(target).isFile()) assert.ok(anchorsIn(readFileSync(target, 'utf8')).includes(anchor), `${relative(root, page)}: ${link}`)
      followed++
    }
  }
  assert.ok(followed > 80, `only ${followed} links were seen`)
})
