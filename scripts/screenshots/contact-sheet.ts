/** One page to look through all pictures: a row for each page of the shop, a column for each way of looking. */

export interface Picture {
  view: string
  path: string
  look: string
  file: string
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

export function contactSheet(pictures: Picture[], title: string): string {
  const views = [...new Set(pictures.map(({ view }) => view))]
  const rows = views.map((view) => {
    const own = pictures.filter(picture => picture.view === view)
    const figures = own.map(({ file, look }) => `<figure><a href="${escape(file)}"><img loading="lazy" src="${escape(file)}" alt="${escape(`${view}, ${look}`)}"></a><figcaption>${escape(look)}</figcaption></figure>`)
    return `<section id="${escape(view)}"><h2>${escape(own[0]?.path ?? view)}</h2><div>${figures.join('')}</div></section>`
  })
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem }
div { display: flex; gap: 1rem; overflow-x: auto; align-items: flex-start }
figure { margin: 0 } img { height: 420px; border: 1px solid #8886 } figcaption { opacity: .7 }
</style>
<h1>${escape(title)}</h1>
<nav>${views.map(view => `<a href="#${escape(view)}">${escape(view)}</a>`).join('')}</nav>
${rows.join('\n')}
</html>
`
}
