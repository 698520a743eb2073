/** Colour and shape of the violation types; types that a bureau adds get a neutral diamond. */
const SHAPES: Record<string, string> = {
  stall: 'M6 0.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z',
  cross_door: 'M1 1h10v10H1Z',
  stacked_goods: 'M6 0.5 11.8 11H0.2Z',
}
const OTHER = 'M6 0 12 6 6 12 0 6Z'

export const shapeOf = (type: string): string => SHAPES[type] ?? OTHER
export const colourOf = (type: string): string => `var(--type-${type in SHAPES ? type : 'other'})`

/** On photographs the ground is never known: light, strong colours with a dark edge. */
const ON_PICTURE: Record<string, string> = { stall: '#22d3ee', cross_door: '#ffb020', stacked_goods: '#d0a2ff' }
export const pictureColour = (type: string): string => ON_PICTURE[type] ?? '#e5e7eb'

/** Zones over a picture or map whose ground is not known: each is drawn on a dark edge. */
const ZONES: Record<string, { stroke: string; dash: string; fill: string }> = {
  pavement: { stroke: '#bfe3ff', dash: '10 6', fill: 'rgb(130 200 255 / 7%)' },
  frontage: { stroke: '#ffe14d', dash: '', fill: 'rgb(255 225 77 / 9%)' },
  permitted: { stroke: '#7be39a', dash: '3 4', fill: 'rgb(90 220 130 / 14%)' },
  ignored: { stroke: '#b8bec7', dash: '2 6', fill: 'rgb(20 22 26 / 40%)' },
  special_duty: { stroke: '#ff9ec4', dash: '12 4 3 4', fill: 'rgb(255 120 180 / 10%)' },
  door_line: { stroke: '#ffb020', dash: '', fill: 'none' },
}
export const zoneLook = (kind: string) => ZONES[kind] ?? { stroke: '#ffffff', dash: '4 4', fill: 'none' }
