-- Credit cards of the same lender, month by month.
rows:
  used: AMT_BALANCE / nullif(AMT_CREDIT_LIMIT_ACTUAL, 0)

aggregates:
  CARD_MONTHS: count(*)
  CARD_USED_MAX: max(used)
  CARD_USED_MEAN: avg(used)
  CARD_DRAWN: sum(AMT_DRAWINGS_CURRENT)
  CARD_ATM_SHARE: sum(AMT_DRAWINGS_ATM_CURRENT) / nullif(sum(AMT_DRAWINGS_CURRENT), 0)
  CARD_PAID_MEAN: avg(AMT_PAYMENT_CURRENT / nullif(AMT_INST_MIN_REGULARITY, 0))
  CARD_DPD_SHARE: avg(SK_DPD > 0)
  CARD_LIMIT_MAX: max(AMT_CREDIT_LIMIT_ACTUAL)
