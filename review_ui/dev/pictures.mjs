// Street scenes drawn as SVG, for development only.
export function scene({ width = 1280, height = 720, seed = 1, stall = true, label = '' }) {
  const rnd = (n) => { const x = Math.sin(seed * 99.7 + n * 37.3) * 10000; return x - Math.floor(x) }
  const shops = Array.from({ length: 6 }, (_, i) => {
    const x = i * 215 - 20, hue = (Math.floor(seed) * 67 + i * 50) % 360
    return `<g transform="translate(${x},70)"><rect width="208" height="330" fill="hsl(${hue} 18% 62%)"/><rect y="40" width="208" height="52" fill="hsl(${hue} 55% 38%)"/><text x="104" y="75" font-size="30" fill="#fff" text-anchor="middle" font-family="Noto Sans CJK SC">${['便利店', '水果', '五金', '鲜花', '面馆', '理发'][(i + Math.floor(seed)) % 6]}</text><rect x="14" y="104" width="110" height="226" fill="#2d3640"/><rect x="136" y="104" width="58" height="226" fill="#42505c"/></g>`
  }).join('')
  const people = Array.from({ length: 4 }, (_, i) => {
    const x = 100 + rnd(i + 20) * 1080, y = 400 + rnd(i + 30) * 160
    return `<g transform="translate(${x},${y})"><circle cx="0" cy="-62" r="12" fill="#b98"/><rect x="-14" y="-50" width="28" height="60" rx="8" fill="hsl(${rnd(i) * 360} 30% 40%)"/><rect x="-11" y="8" width="9" height="40" fill="#333"/><rect x="3" y="8" width="9" height="40" fill="#333"/></g>`
  }).join('')
  const unit = stall ? `<g transform="translate(520,380)"><path d="M0 0h230l24 34H-24z" fill="#c33"/><path d="M20 0h40l0 34h-40zM100 0h40l6 34h-40zM180 0h40l16 34h-40z" fill="#eee"/><rect x="-4" y="34" width="8" height="110" fill="#555"/><rect x="226" y="34" width="8" height="110" fill="#555"/><rect x="-10" y="96" width="250" height="62" fill="#9a6b3f"/>${Array.from({ length: 18 }, (_, i) => `<circle cx="${8 + (i % 9) * 27}" cy="${88 - Math.floor(i / 9) * 18}" r="12" fill="hsl(${20 + (i * 37) % 90} 80% 55%)"/>`).join('')}</g>` : ''
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 1280 720"><rect width="1280" height="720" fill="#aebccb"/><rect y="400" width="1280" height="150" fill="#b9b2a6"/><path d="M0 400h1280M0 450h1280M0 500h1280" stroke="#a59d90"/><rect y="545" width="1280" height="12" fill="#8d8d8d"/><rect y="557" width="1280" height="163" fill="#5b5f64"/><path d="M0 640h1280" stroke="#ddd" stroke-width="5" stroke-dasharray="60 50"/>${shops}<path d="M0 414h1280" stroke="#e5c200" stroke-width="5"/>${unit}${people}<rect x="0" y="690" width="1280" height="30" fill="#000a"/><text x="12" y="711" fill="#fff" font-size="18" font-family="Noto Sans CJK SC">${label}</text></svg>`
}
