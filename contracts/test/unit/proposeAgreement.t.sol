// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract ProposeAgreementTest is Fixture {
    bytes32 internal constant OTHER = keccak256("other agreement");

    function test_StoresTheGivenTermsAsProposed() public {
        ISlaSettlement.Terms memory given = termsOf(3, 300_000);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.AgreementProposed(
            OTHER, PROVIDER, TENANT, given.termsHash, keccak256(abi.encode(given))
        );
        propose(OTHER, given);

        (ISlaSettlement.AgreementState state, ISlaSettlement.Terms memory stored) = sla.getAgreement(OTHER);
        vm.assertEq(uint256(ISlaSettlement.AgreementState.Proposed), uint256(state), "state");
        vm.assertEq(abi.encode(given), abi.encode(stored), "terms");
    }

    function test_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        propose(OTHER, terms());
    }

    function test_RevertWhen_CallerIsNotTheProvider() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAUnauthorizedParty.selector, OTHER, TENANT));
        vm.prank(TENANT);
        sla.proposeAgreement(OTHER, terms());
    }

    function test_RevertWhen_TheIdIsInUse() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAAgreementExists.selector, AGREEMENT));
        propose(AGREEMENT, terms());
    }

    function test_RevertWhen_TheIdIsZero() public {
        vm.expectRevert(invalid(ISlaSettlement.TermsField.AgreementId));
        propose(0, terms());
    }

    /// One broken rule at a time; the numbers are the cases of `broken`.
    function test_RevertWhen_ATermBreaksItsRule() public {
        for (uint256 i = 0; i < CASES; ++i) {
            (ISlaSettlement.Terms memory given, ISlaSettlement.TermsField field) = broken(i);
            vm.expectRevert(invalid(field));
            propose(OTHER, given);
        }
    }

    /// Whatever bands are proposed, they are stored if and only if a slow reading of the rules finds them in order.
    function testFuzz_AcceptsBandsExactlyWhenTheyAreMonotone(uint32[4] memory below, uint32[4] memory credit) public {
        ISlaSettlement.Terms memory given = terms();
        bool ordered = true;
        for (uint256 i = 0; i < 4; ++i) {
            below[i] = uint32(bound(below[i], 0, 1_000_001));
            credit[i] = uint32(bound(credit[i], 0, 1_000_001));
        }
        // Half of the inputs are sorted, or hardly any would be accepted.
        if (below[0] % 2 == 0) (below, credit) = (descending(below), ascending(credit));
        given.slos[0].bands = new ISlaSettlement.Band[](4);
        for (uint256 i = 0; i < 4; ++i) {
            given.slos[0].bands[i] = ISlaSettlement.Band({belowPpm: below[i], creditPpm: credit[i]});
            ordered = ordered && below[i] >= 1 && below[i] <= 1_000_000 && credit[i] >= 1 && credit[i] <= 1_000_000;
            for (uint256 j = 0; j < i; ++j) ordered = ordered && below[j] > below[i] && credit[j] < credit[i];
        }
        given.slos[0].objectivePpm = below[0];

        vm.prank(PROVIDER);
        try sla.proposeAgreement(OTHER, given) {
            vm.assertTrue(ordered, "accepted bands out of order");
        } catch {
            vm.assertFalse(ordered, "refused bands in order");
        }
    }

    uint256 internal constant CASES = 26;

    function broken(uint256 i)
        internal
        pure
        returns (ISlaSettlement.Terms memory given, ISlaSettlement.TermsField field)
    {
        given = termsOf(2, 1_000_000);
        ISlaSettlement.Band[] memory list = given.slos[1].bands;
        if (i == 0) (given.tenant, field) = (address(0), ISlaSettlement.TermsField.Tenant);
        if (i == 1) (given.tenant, field) = (PROVIDER, ISlaSettlement.TermsField.Tenant);
        if (i == 2) (given.termsHash, field) = (0, ISlaSettlement.TermsField.TermsHash);
        if (i == 3) (given.currency, field) = ("eur", ISlaSettlement.TermsField.Currency);
        if (i == 4) (given.currency, field) = ("EU", ISlaSettlement.TermsField.Currency);
        if (i == 5) (given.exponent, field) = (5, ISlaSettlement.TermsField.Exponent);
        if (i == 6) (given.feeMinor, field) = (0, ISlaSettlement.TermsField.Fee);
        if (i == 7) (given.capPpm, field) = (0, ISlaSettlement.TermsField.Cap);
        if (i == 8) (given.capPpm, field) = (1_000_001, ISlaSettlement.TermsField.Cap);
        if (i == 9) (given.disputeWindowSeconds, field) = (0, ISlaSettlement.TermsField.DisputeWindow);
        if (i == 10) (given.slos, field) = (new ISlaSettlement.SloTerms[](0), ISlaSettlement.TermsField.SloCount);
        if (i == 11) (given.slos, field) = (termsOf(65, 1).slos, ISlaSettlement.TermsField.SloCount);
        if (i == 12) (given.slos[0].sloId, field) = (0, ISlaSettlement.TermsField.SloOrder);
        if (i == 13) (given.slos[1].sloId, field) = (SLO, ISlaSettlement.TermsField.SloOrder);
        if (i == 14) (given.slos[0].sloId, field) = (bytes32(uint256(SLO) + 2), ISlaSettlement.TermsField.SloOrder);
        if (i == 15) (given.slos[1].objectivePpm, field) = (0, ISlaSettlement.TermsField.Objective);
        if (i == 16) (given.slos[1].objectivePpm, field) = (1_000_001, ISlaSettlement.TermsField.Objective);
        if (i == 17) (given.slos[1].objectivePpm, field) = (999_001, ISlaSettlement.TermsField.BandThreshold);
        if (i == 18) (given.slos[1].bands, field) = (new ISlaSettlement.Band[](0), ISlaSettlement.TermsField.BandCount);
        if (i == 19) (given.slos[1].bands, field) = (new ISlaSettlement.Band[](9), ISlaSettlement.TermsField.BandCount);
        if (i == 20) (list[1].belowPpm, field) = (999_000, ISlaSettlement.TermsField.BandThreshold);
        if (i == 21) (list[2].belowPpm, field) = (0, ISlaSettlement.TermsField.BandThreshold);
        if (i == 22) (list[0].creditPpm, field) = (0, ISlaSettlement.TermsField.BandCredit);
        if (i == 23) (list[1].creditPpm, field) = (100_000, ISlaSettlement.TermsField.BandCredit);
        if (i == 24) (list[2].creditPpm, field) = (1_000_001, ISlaSettlement.TermsField.BandCredit);
        if (i == 25) (list[2].belowPpm, field) = (990_001, ISlaSettlement.TermsField.BandThreshold);
    }

    function propose(bytes32 agreementId, ISlaSettlement.Terms memory given) internal {
        vm.prank(PROVIDER);
        sla.proposeAgreement(agreementId, given);
    }

    function invalid(ISlaSettlement.TermsField field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISlaSettlement.SLAInvalidTerms.selector, field);
    }

    function ascending(uint32[4] memory list) internal pure returns (uint32[4] memory) {
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = i + 1; j < 4; ++j) if (list[j] < list[i]) (list[i], list[j]) = (list[j], list[i]);
        }
        return list;
    }

    function descending(uint32[4] memory list) internal pure returns (uint32[4] memory) {
        list = ascending(list);
        return [list[3], list[2], list[1], list[0]];
    }
}
