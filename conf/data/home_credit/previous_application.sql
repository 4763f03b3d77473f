-- Earlier applications with the same lender. One row is one application.
rows:
  approved: NAME_CONTRACT_STATUS = 'Approved'
  refused: NAME_CONTRACT_STATUS = 'Refused'
  asked_share: AMT_APPLICATION / nullif(AMT_CREDIT, 0)
  term: AMT_CREDIT / nullif(AMT_ANNUITY, 0)
  -- What is paid back above what was lent, of what was lent: without interest it is 0.
  interest: AMT_ANNUITY * CNT_PAYMENT / nullif(AMT_CREDIT, 0) - 1

windows:
  y1: DAYS_DECISION >= -365
  last3: last 3 by DAYS_DECISION
  last5: last 5 by DAYS_DECISION
  approved: NAME_CONTRACT_STATUS = 'Approved'
  refused: NAME_CONTRACT_STATUS = 'Refused'

aggregates:
  PREV_N [all, approved, y1]: count(*)
  PREV_REFUSED [all, y1]: count(*) FILTER (refused)
  PREV_REFUSED_SHARE [all, last3, last5]: avg(refused)
  PREV_ASKED_SHARE_MEAN: avg(asked_share)
  PREV_ASKED_SHARE_MIN: min(asked_share)
  PREV_ASKED_SHARE_MAX: max(asked_share)
  PREV_TERM_MEAN [all, last3]: avg(term)
  PREV_INTEREST_MEAN [all, last5]: avg(interest)
  PREV_INTEREST_MAX: max(interest)
  PREV_INTEREST_LAST: arg_max(interest, DAYS_DECISION)
  PREV_DOWN_PAYMENT_MAX: max(RATE_DOWN_PAYMENT)
  PREV_DOWN_PAYMENT_MEAN: avg(RATE_DOWN_PAYMENT)
  PREV_DAYS_MAX [all, refused]: max(DAYS_DECISION)
  PREV_DAYS_MEAN: avg(DAYS_DECISION)
  PREV_PAYMENTS_MEAN [all, approved]: avg(CNT_PAYMENT)
  PREV_CREDIT_MEAN [all, last3]: avg(AMT_CREDIT)
  PREV_CREDIT_MAX: max(AMT_CREDIT)
  PREV_ANNUITY_MEAN [all, approved]: avg(AMT_ANNUITY)
  PREV_HIGH_YIELD_SHARE: avg(NAME_YIELD_GROUP = 'high')
  PREV_LAST_PRODUCT: arg_max(PRODUCT_COMBINATION, DAYS_DECISION)
  PREV_LAST_REASON: arg_max(CODE_REJECT_REASON, DAYS_DECISION)
