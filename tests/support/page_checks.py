"""What is wrong with a page for people, as scripts that return what they find."""

HARD_TO_READ = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest('.unseen, script, style, noscript')) continue;
    const [a, b] = [rgb(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return bad;
}"""

WIDER_THAN_THE_SCREEN = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.checkVisibility() && !e.closest('.unseen'))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.outerHTML.slice(0, 80))"""

SMALLER_THAN_A_FINGERTIP = """() => [...document.querySelectorAll('a, button, input, textarea')]
  .filter(e => e.checkVisibility() && !e.closest('.unseen, .text'))
  .filter(e => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 24)
  .map(e => e.outerHTML.slice(0, 80))"""

WITHOUT_A_NAME = """() => [...document.querySelectorAll('a, button, input, textarea')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 80))"""

ALL = (HARD_TO_READ, WIDER_THAN_THE_SCREEN, SMALLER_THAN_A_FINGERTIP, WITHOUT_A_NAME)
