-- Loans at other lenders, as the credit bureau has them. One row is one loan.
-- Times are days before the application, so they are below 0.
rows:
  active: CREDIT_ACTIVE = 'Active'
  debt_share: AMT_CREDIT_SUM_DEBT / nullif(AMT_CREDIT_SUM, 0)
  paid: AMT_CREDIT_SUM - AMT_CREDIT_SUM_DEBT

windows:
  y1: DAYS_CREDIT >= -365
  y2: DAYS_CREDIT >= -730
  active: CREDIT_ACTIVE = 'Active'

aggregates:
  -- How much is owed, of how much was lent
  BUREAU_DEBT_SHARE [all, active]:
    sum(AMT_CREDIT_SUM_DEBT) / nullif(sum(AMT_CREDIT_SUM), 0)
  BUREAU_DEBT_SHARE_MAX [active]: max(debt_share)
  BUREAU_DEBT_SHARE_MEAN [active]: avg(debt_share)
  BUREAU_DEBT [all, y1, y2]: sum(AMT_CREDIT_SUM_DEBT)
  BUREAU_CREDIT: sum(AMT_CREDIT_SUM)
  BUREAU_CREDIT_MAX: max(AMT_CREDIT_SUM)
  BUREAU_PAID_MIN: min(paid)
  BUREAU_PAID_MEAN: avg(paid)
  BUREAU_ANNUITY: sum(AMT_ANNUITY)

  -- When
  BUREAU_DAYS_MEAN: avg(DAYS_CREDIT)
  BUREAU_DAYS_MAX [all, active]: max(DAYS_CREDIT)
  BUREAU_DAYS_END_MAX: max(DAYS_CREDIT_ENDDATE)
  BUREAU_DAYS_END_MIN [active]: min(DAYS_CREDIT_ENDDATE)
  BUREAU_DAYS_UPDATE_MAX [active]: max(DAYS_CREDIT_UPDATE)

  -- How many
  BUREAU_N [all, active, y1, y2]: count(*)
  BUREAU_ACTIVE_SHARE: avg(active)
  BUREAU_CARDS: count(*) FILTER (CREDIT_TYPE = 'Credit card')
  BUREAU_MORTGAGES: count(*) FILTER (CREDIT_TYPE = 'Mortgage')
  BUREAU_CARS: count(*) FILTER (CREDIT_TYPE = 'Car loan')
  BUREAU_MICROLOANS: count(*) FILTER (CREDIT_TYPE = 'Microloan')

  -- What went wrong
  BUREAU_OVERDUE: sum(AMT_CREDIT_SUM_OVERDUE)
  BUREAU_OVERDUE_MAX_MEAN: avg(AMT_CREDIT_MAX_OVERDUE)
  BUREAU_OVERDUE_MAX: max(AMT_CREDIT_MAX_OVERDUE)
  BUREAU_OVERDUE_DAYS_MAX: max(CREDIT_DAY_OVERDUE)
  BUREAU_PROLONGED: sum(CNT_CREDIT_PROLONG)

  -- Month by month (from bureau_balance.sql: these are one number for each loan here)
  BUREAU_MONTHS: sum(months)
  BUREAU_MONTHS_CLOSED: sum(months_closed) / nullif(sum(months), 0)
  BUREAU_MONTHS_LATE: sum(months_late) / nullif(sum(months), 0)
  BUREAU_MONTHS_LATE_Y1: sum(months_late_y1)
  BUREAU_WORST: max(worst)
  BUREAU_LAST_LATE: max(last_late)
