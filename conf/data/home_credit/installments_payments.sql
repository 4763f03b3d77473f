-- Payments of instalments. One row is one payment: an instalment may be paid in parts, and one that
-- was not paid has a row without a payment. The rows of an instalment are put together first, into
-- the table `instalment`, so that an instalment paid in parts counts once.
aggregates:
  due: max(AMT_INSTALMENT)
  paid: sum(AMT_PAYMENT)
  day_paid: max(DAYS_ENTRY_PAYMENT)
