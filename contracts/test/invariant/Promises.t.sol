// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

/// What parties may rely on at any second and for any choice of the other side: the invariants that a single call can break.
contract PromisesTest is Fixture {
    /// 19: an offer that was taken back, or whose time is over, is accepted by nobody, and leaves nothing behind.
    function testFuzz_AnOfferThatWasWithdrawnOrExpiredIsNeverAccepted(uint48 until, uint48 after_, bool withdrawn) public {
        IAgreementBook.Terms memory made = terms();
        made.firstPeriod = PERIOD + 8;
        uint48 latest = book.boundAt(calendar, made.firstPeriod);
        until = uint48(bound(until, NOW + 1, latest));
        vm.prank(PROVIDER);
        bytes32 id = book.proposeAgreement(keccak256("offer"), made, until);
        if (withdrawn) withdraw(id);
        else vm.warp(bound(after_, until, until + 3650 days));

        vm.prank(TENANT);
        bytes memory call = abi.encodeCall(book.acceptProposal, (id, made, until));
        (bool done, bytes memory answer) = address(book).call(call);
        vm.assertFalse(done, "accepted");
        bytes4 expected =
            withdrawn ? IAgreementBook.SLANoProposal.selector : IAgreementBook.SLAProposalExpired.selector;
        vm.assertEq(bytes32(expected), bytes32(bytes4(answer)), "reason");
        vm.assertEq(0, book.getAgreement(id).version, "no agreement");
        if (!withdrawn) withdraw(id); // what has expired can still be cleared away
        vm.assertEq(0, book.proposalOf(id, PROVIDER).version, "nothing is left");
    }

    /// 20: whoever ends the agreement, whenever, for whichever period: what had begun before is reported, final and owed as ever.
    function testFuzz_ARunningPeriodSurvivesATermination(uint48 second, uint32 end, uint32 notice, bool byTenant) public {
        bytes32 id = withNotice(uint32(bound(notice, 0, 90 days)));
        uint32 running = uint32(bound(end >> 16, FIRST, FIRST + 20));
        vm.warp(bound(second, book.boundAt(calendar, running) + 1, book.boundAt(calendar, running + 1)));
        end = uint32(bound(end, FIRST, FIRST + 26));
        vm.prank(byTenant ? TENANT : PROVIDER);
        (bool done,) = address(book).call(abi.encodeCall(book.terminateAgreement, (id, end)));
        if (!done) return;

        vm.assertLt(running, book.getAgreement(id).endPeriod, "the running period is still part of it");
        vm.warp(uint256(book.boundAt(calendar, running + 1)) + GRACE);
        ISettlementBook.Row memory item = rowOf(id, running, 0, 980_000, 1_000_000);
        settle(item);
        vm.assertEq(uint256(FEE) / 4, sla.balanceOf(id).accrued, "a quarter of the fee");
        requireUnknown(id, end);
    }

    /// 20: and a notice that is given is a notice that passes.
    function testFuzz_NoTerminationTakesEffectBeforeItsNotice(uint48 second, uint32 end, uint32 notice) public {
        notice = uint32(bound(notice, 0, 400 days));
        end = uint32(bound(end, FIRST, PERIODS + 1));
        bytes32 id = withNotice(notice);
        vm.warp(bound(second, NOW, NOW + 300 days));
        vm.prank(TENANT);
        (bool done,) = address(book).call(abi.encodeCall(book.terminateAgreement, (id, end)));
        if (done) vm.assertLe(block.timestamp + notice, book.boundAt(calendar, end), "notice");
        else vm.assertEq(PERIODS, book.getAgreement(id).endPeriod, "as before");
    }

    /// 17: no amendment, whenever it is offered and accepted, changes what a period that has begun is reported and priced by.
    function testFuzz_AnAmendmentNeverTouchesAPeriodThatHasBegun(uint48 second, uint32 from, uint72 fee) public {
        vm.warp(bound(second, NOW, NOW + 300 days));
        IAgreementBook.Terms memory made = terms();
        made.firstPeriod = uint32(bound(from, FIRST, FIRST + 40));
        made.feeMinor = uint72(bound(fee, 1, type(uint72).max));
        made.slos[0].bands[0].belowPpm = 999_999;
        bytes32 before = pricesUntilNow();
        uint48 until = book.boundAt(calendar, made.firstPeriod);
        vm.prank(TENANT);
        (bool offered,) = address(book).call(abi.encodeCall(book.proposeAmendment, (agreement, made, until)));
        vm.assertTrue(offered == (block.timestamp < until), "only the future is offered");
        vm.prank(PROVIDER);
        (bool done,) = address(book).call(abi.encodeCall(book.acceptProposal, (agreement, made, until)));
        vm.assertTrue(offered == done, "accepted");
        vm.assertEq(before, pricesUntilNow(), "prices and clocks");
    }

    /// 18: periods of a calendar neither overlap nor leave a gap, of a table as of equal ones.
    function testFuzz_ThePeriodsOfACalendarTouchAndNeverOverlap(uint48[16] memory raw) public {
        uint48[] memory list = new uint48[](16);
        for (uint256 i = 0; i < 16; ++i) list[i] = (i == 0 ? raw[i] >> 8 : list[i - 1]) + 1 + (raw[i] >> 12);
        bytes16 table = book.publishCalendar(list);
        for (uint256 i = 0; i < 16; ++i) vm.assertEq(list[i], book.boundAt(table, i), "bound");
        vm.assertEq(16, book.boundCount(table), "bounds");
        for (uint256 i = 1; i <= PERIODS; ++i) {
            uint256 length = book.boundAt(calendar, i) - book.boundAt(calendar, i - 1);
            vm.assertEq(PERIOD_SECONDS, length, "equal periods");
        }
    }

    /// 24: a role and an attestor set that were announced work not a second before the delay, and from then on by anybody's hand.
    function testFuzz_AnAnnouncedChangeWaitsForItsDelay(uint48 waited, uint8 role, address next) public {
        if (next == address(0)) next = STRANGER;
        ISettlementBook.Role changed = ISettlementBook.Role(role % 4);
        waited = uint48(bound(waited, 0, 2 * CHANGE_DELAY));
        address[] memory members = addressesOf(sortedKeys(3, "next"));
        vm.prank(ADMIN);
        sla.announceRole(changed, next);
        vm.prank(ADMIN);
        sla.announceAttestors(members, 2);
        vm.warp(block.timestamp + waited);

        vm.prank(STRANGER);
        (bool attested,) = address(sla).call(abi.encodeCall(sla.applyAttestors, (members, 2)));
        vm.prank(STRANGER);
        (bool done,) = address(sla).call(abi.encodeCall(sla.applyRole, (changed)));
        vm.assertTrue(done == (waited >= CHANGE_DELAY), "role");
        vm.assertTrue(attested == (waited >= CHANGE_DELAY), "attestors");
    }

    /// 12: a batch comes to what its rows come to one by one, whatever else is in it.
    function testFuzz_ABatchEqualsItsRowsOneByOne(uint64[4] memory goods, uint8[4] memory slos) public {
        ISettlementBook.Row[] memory rows = new ISettlementBook.Row[](4);
        for (uint256 i = 0; i < 4; ++i) {
            rows[i] = rowOf(agreement, PERIOD - uint32(i % 2), slos[i] % 3, goods[i] % 1_000_001, 1_000_000);
        }
        uint256 clean = vm.snapshotState();
        bytes4[] memory together = submitAll(rows);
        bytes32 after_ = wordsOf(rows);
        vm.revertToState(clean);
        for (uint256 i = 0; i < 4; ++i) vm.assertEq(bytes32(together[i]), bytes32(submit(rows[i])), "answer");
        vm.assertEq(after_, wordsOf(rows), "words");
    }

    /// 14: no call with ether is taken, whatever it calls.
    function testFuzz_NoCallTakesEther(bytes4 selector, uint256 which, uint96 value) public {
        bytes4[6] memory known = [
            sla.submitReports.selector, sla.redeemCredit.selector, sla.finalizeSettlements.selector,
            book.proposeAgreement.selector, book.terminateAgreement.selector, selector
        ];
        vm.deal(address(this), type(uint96).max);
        address target = which % 2 == 0 ? address(sla) : address(book);
        bytes memory call = which % 3 == 0 ? bytes("") : abi.encodePacked(known[which % 6], new bytes(640));
        (bool done,) = target.call{value: bound(value, 1, type(uint96).max)}(call);
        vm.assertFalse(done, "taken");
        vm.assertEq(0, address(sla).balance + address(book).balance, "ether");
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function withdraw(bytes32 id) internal {
        vm.prank(PROVIDER);
        book.withdrawProposal(id);
    }

    function withNotice(uint32 notice) internal returns (bytes32 id) {
        vm.warp(SIGNED_AT);
        IAgreementBook.Terms memory made = terms();
        made.noticeSeconds = notice;
        id = activate(keccak256(abi.encode("notice", notice)), made);
    }

    function requireUnknown(bytes32 id, uint32 period) internal {
        ISettlementBook.Row memory item = rowOf(id, period, 0, 1, 2);
        vm.assertEq(bytes32(IAgreementBook.SLAUnknownPeriod.selector), bytes32(submit(item)), "after the end");
    }

    function pricesUntilNow() internal view returns (bytes32 digest) {
        for (uint32 period = FIRST; book.boundAt(calendar, period) <= block.timestamp; ++period) {
            (uint256 clock, uint256 bands_) = book.reportWords(agreement, period, 0);
            (uint256 money, uint256 year) = book.creditWords(agreement, period);
            uint256 ruling = book.clockWord(agreement, period);
            digest = keccak256(abi.encode(digest, clock, bands_, money, year, ruling));
        }
    }

    function wordsOf(ISettlementBook.Row[] memory rows) internal view returns (bytes32 digest) {
        for (uint256 i = 0; i < rows.length; ++i) digest = keccak256(abi.encode(digest, standing(rows[i])));
    }
}
