/** What shapes are called on these pages. */
import type { Shape } from '@/api/types'
import { t } from '@/i18n'
import { isLine } from '@/lib/shapes'
import { word } from '@/stores/reference'
import { shopName } from './shops'

export const titleOf = (s: Pick<Shape, 'kind' | 'name' | 'shop' | 'place_kind'>): string =>
  s.name || (s.shop ? `${shopName(s.shop)}${isLine(s) ? ` ${word('zone_kinds', s.kind)}` : ''}` : '') || s.place_kind || word('zone_kinds', s.kind)

/** What is still missing before a shape may be saved; empty: nothing. */
export const lackOf = (s: Pick<Shape, 'kind' | 'shop'>): string => (isLine(s) && !s.shop ? t('zone.needShop') : '')
