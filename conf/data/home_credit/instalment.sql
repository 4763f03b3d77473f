-- Instalments of earlier loans, each with all its payments (see installments_payments.sql).
rows:
  -- CASE, because greatest(NULL, 0) is 0: an instalment that was not paid is not on time.
  late: CASE WHEN day_paid IS NOT NULL THEN greatest(day_paid - DAYS_INSTALMENT, 0) END
  early: CASE WHEN day_paid IS NOT NULL THEN greatest(DAYS_INSTALMENT - day_paid, 0) END
  underpaid: round(due - coalesce(paid, 0), 2)   -- sums of parts are cents, but for rounding
  paid_share: round(coalesce(paid, 0) / nullif(due, 0), 6)

windows:
  d60: DAYS_INSTALMENT >= -60
  d180: DAYS_INSTALMENT >= -180
  y1: DAYS_INSTALMENT >= -365
  y2: DAYS_INSTALMENT >= -730
  last3: last 3 by DAYS_INSTALMENT, NUM_INSTALMENT_NUMBER
  last5: last 5 by DAYS_INSTALMENT, NUM_INSTALMENT_NUMBER
  last10: last 10 by DAYS_INSTALMENT, NUM_INSTALMENT_NUMBER

aggregates:
  INST_N: count(*)
  INST_LATE_MEAN [all, d60, d180, y1, y2, last3, last5, last10]: avg(late)
  INST_LATE_MAX [all, y1]: max(late)
  INST_LATE_STD: stddev(late)
  INST_LATE_SHARE [all, y1]: avg(late > 0)
  INST_LATE7_SHARE: avg(late > 7)
  INST_LATE30_SHARE: avg(late > 30)
  INST_EARLY_MEAN: avg(early)
  INST_UNDERPAID [all, y1, last5]: sum(underpaid)
  INST_UNDERPAID_MAX: max(underpaid)
  INST_PAID_SHARE_MIN: min(paid_share)
  INST_PAID_SHARE_MEAN: avg(paid_share)
  INST_PAID: sum(paid)
  INST_DUE_MAX: max(due)
