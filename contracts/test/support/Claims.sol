// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "./Fixture.sol";
import {Vm, vm} from "./Vm.sol";

/// @title What unit tests claim again and again: a refusal, its event, and that nothing else changed
abstract contract Claims is Fixture {
    bytes32 internal constant OTHER = keccak256("another agreement");
    uint48 internal constant PERIOD_END = ANCHOR + (PERIOD + 1) * PERIOD_SECONDS;
    uint48 internal constant REPORTABLE_AT = PERIOD_END + GRACE;
    uint32 internal constant BLOCK = 1_000_000;

    // ------------------------------------------------------------------------------------------------------- rows

    /// @dev The row is set apart with this reason, by one event, and changes nothing.
    function refuseRow(ISettlementBook.Row memory item, bytes4 reason) internal {
        bytes memory before = stateOf(item);
        ISettlementBook.Row[] memory list = one(item);
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.RowSkipped(item.agreementId, item.period, item.slo, item.revision, reason);
        vm.prank(STRANGER);
        bytes4[] memory refused = sla.submitReports(list, signatures);
        requireRefused(refused, reason);
        vm.assertEq(before, stateOf(item), "state");
    }

    /// @dev The same of a settlement that is not finalised.
    function refuseFinality(ISettlementBook.Row memory item, bytes4 reason) internal {
        bytes memory before = stateOf(item);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.RowSkipped(item.agreementId, item.period, item.slo, 0, reason);
        bytes4[] memory refused = sla.finalizeSettlements(one(keyOf(item)));
        requireRefused(refused, reason);
        vm.assertEq(before, stateOf(item), "state");
    }

    function requireRefused(bytes4[] memory refused, bytes4 reason) private {
        requireEvents(1);
        vm.assertEq(1, refused.length, "answers");
        vm.assertEq(bytes32(reason), bytes32(refused[0]), "reason");
    }

    function take(ISettlementBook.Row memory item) internal {
        vm.assertEq(bytes32(0), bytes32(submit(item)), "taken");
    }

    /// @dev Reported, disputed by the tenant.
    function contest(ISettlementBook.Row memory item) internal {
        take(item);
        dispute(item, TENANT);
    }

    function restated(
        ISettlementBook.Row memory item,
        uint8 revision,
        uint64 good
    ) internal pure returns (ISettlementBook.Row memory again) {
        again = rowOf(item.agreementId, item.period, item.slo, good, item.valid);
        again.revision = revision;
    }

    function withdraw(ISettlementBook.Row memory item, address party) internal {
        vm.prank(party);
        sla.withdrawDispute(keyOf(item), item.revision);
    }

    function settlementOf(
        ISettlementBook.Row memory item,
        ISettlementBook.State state,
        uint32 creditPpm,
        uint48 deadline,
        uint32 deadlineBlock
    ) internal view returns (ISettlementBook.Settlement memory) {
        return ISettlementBook.Settlement({
            state: state,
            revision: item.revision,
            creditPpm: creditPpm,
            deadline: deadline,
            deadlineBlock: deadlineBlock,
            commitment: bytes20(sla.rowHash(item))
        });
    }

    function requireBalance(bytes32 agreementId, uint80 accrued, uint80 revoked, uint80 redeemed) internal view {
        ISettlementBook.Balance memory expected =
            ISettlementBook.Balance({accrued: accrued, revoked: revoked, redeemed: redeemed});
        vm.assertEq(abi.encode(expected), abi.encode(sla.balanceOf(agreementId)), "balance");
    }

    /// @dev Everything that a row could change.
    function stateOf(ISettlementBook.Row memory item) internal view returns (bytes memory) {
        (ISettlementBook.Settlement memory stands, ISettlementBook.Settlement memory waits) =
            sla.getSettlement(keyOf(item));
        return abi.encode(
            stands,
            waits,
            sla.balanceOf(item.agreementId),
            sla.periodCreditOf(item.agreementId, item.period),
            sla.yearCreditOf(item.agreementId, 0)
        );
    }

    /// @dev How many events the books emitted since `vm.recordLogs()`. Those that a test expects are recorded as the test's own.
    function requireEvents(uint256 expected) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) if (logs[i].emitter != address(this)) ++count;
        vm.assertEq(expected, count, "events");
    }

    // ------------------------------------------------------------------------------------------------------ errors

    function unauthorizedParty(bytes32 agreementId, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLAUnauthorizedParty.selector, agreementId, caller);
    }

    function unauthorizedRole(ISettlementBook.Role role, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLAUnauthorizedRole.selector, role, caller);
    }

    function unexpectedState(ISettlementBook.State current) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLASettlementUnexpectedState.selector, current);
    }

    function unexpectedRevision(uint8 revision, uint8 newest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLARevisionUnexpected.selector, revision, newest);
    }

    function invalidTerms(uint256 faults) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementBook.SLAInvalidTerms.selector, faults);
    }

    function faultOf(IAgreementBook.TermsFault fault) internal pure returns (uint256) {
        return 1 << uint8(fault);
    }

    // -------------------------------------------------------------------------------------------------- agreements

    /// @dev The stage's terms from another period on, which is the next one that has not begun.
    function amendment() internal view returns (IAgreementBook.Terms memory made) {
        made = terms();
        made.firstPeriod = 15;
        made.termsHash = keccak256("amended document");
        made.feeMinor = 2 * FEE;
    }

    function startOf(uint32 period) internal view returns (uint48) {
        return book.boundAt(calendar, period);
    }

    function offer(address proposer, IAgreementBook.Terms memory made) internal returns (uint48 acceptBefore) {
        acceptBefore = startOf(made.firstPeriod);
        vm.prank(proposer);
        book.proposeAmendment(agreement, made, acceptBefore);
    }

    function accept(address party, IAgreementBook.Terms memory made) internal {
        uint48 acceptBefore = startOf(made.firstPeriod);
        vm.prank(party);
        book.acceptProposal(agreement, made, acceptBefore);
    }

    /// @dev Offered by the provider, accepted by the tenant.
    function amend(IAgreementBook.Terms memory made) internal {
        offer(PROVIDER, made);
        accept(TENANT, made);
    }

    function terminate(address party, uint32 endPeriod) internal {
        vm.prank(party);
        book.terminateAgreement(agreement, endPeriod);
    }

    /// @dev Another agreement of the same parties, accepted before the calendar's third period begins; time is then as before.
    function activateOther(IAgreementBook.Terms memory made) internal returns (bytes32 agreementId) {
        uint256 now_ = block.timestamp;
        vm.warp(SIGNED_AT);
        agreementId = activate(OTHER, made);
        vm.warp(now_);
    }
}
