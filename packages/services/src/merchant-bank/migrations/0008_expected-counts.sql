-- A statement that writes a batch says itself whether it wrote all of it, so that the COMMIT that is sent with it is not
-- run when it did not.
--
-- Another process recorded the same first: tried again, the batch finds what is recorded. 40001 is serialization_failure.
CREATE FUNCTION "merchant_bank"."expect_recorded"("what" text, "recorded" bigint, "asked" bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF recorded <> asked THEN
    RAISE EXCEPTION 'Another process recorded the same % at the same time; the batch is tried again.', what
      USING ERRCODE = '40001';
  END IF;
END $$;
--> statement-breakpoint
-- The rows were locked, so that a difference is a fault of ours.
CREATE FUNCTION "merchant_bank"."expect_count"("what" text, "counted" bigint, "expected" bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF counted <> expected THEN
    RAISE EXCEPTION '%: % where % were expected; nothing was written.', what, counted, expected;
  END IF;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "merchant_bank"."expect_recorded", "merchant_bank"."expect_count" FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "merchant_bank"."expect_recorded", "merchant_bank"."expect_count" TO "merchant_bank";
