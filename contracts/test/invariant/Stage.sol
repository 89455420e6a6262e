// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "../support/Fixture.sol";
import {vm, Vm} from "../support/Vm.sol";
import {LogBook} from "./LogBook.sol";
import {Model} from "./Model.sol";

/**
 * @title Where the sequences are played: short periods, three kinds of agreements, one draw of chance a choice
 * @dev A fixed calendar of ten days a period, and a table of periods of eight to twelve days. An action never reverts, so nothing
 * hides behind `fail_on_revert = false`: the first disagreement of books and model is kept in `violation`.
 */
abstract contract Stage is Fixture {
    address internal constant OTHER_TENANT = address(0x7F);
    address internal constant SPARE = address(0x5A); // to whom roles move
    uint32 internal constant LAST_BOUND = 64;
    uint48 internal constant BEGINS = NOW; // of both calendars

    Model public model;
    LogBook public logBook;
    string public violation; // empty while books and model agree
    mapping(string action => mapping(bytes4 reason => uint256)) public reached;
    bytes16[2] internal calendars;
    uint256[] internal retired; // the keys before the last rotation
    uint256[] internal upcoming; // those that were announced last
    uint256 internal rotations;
    uint256 internal chance;

    function setUp() public override {
        model = new Model();
        logBook = new LogBook();
        vm.recordLogs();
        super.setUp();
        logBook.read(vm.getRecordedLogs());
        model.began([ADMIN, ARBITER, BILLING, GUARDIAN], CHANGE_DELAY);
        retired = sortedKeys(3, "never in force");
        upcoming = sortedKeys(3, "upcoming");
        publish();
        vm.warp(BEGINS + 5 * DAY);
        for (uint256 shape = 0; shape < 3; ++shape) begin(shape);
        vm.warp(BEGINS + 75 * DAY);
    }

    // ------------------------------------------------------------------------------------------------------ chance

    function shuffle(uint256 seed) internal {
        chance = uint256(keccak256(abi.encode(seed)));
    }

    /// @dev A number below `n`.
    function draw(uint256 n) internal returns (uint256 drawn) {
        drawn = chance % n;
        chance = uint256(keccak256(abi.encode(chance)));
    }

    function oneIn(uint256 n) internal returns (bool) {
        return draw(n) == 0;
    }

    /// @dev Whoever may do it, most of the time; anybody else now and then.
    function casting(address entitled) internal returns (address) {
        if (!oneIn(8)) return entitled;
        return [PROVIDER, TENANT, OTHER_TENANT, ADMIN, ARBITER, BILLING, GUARDIAN, STRANGER, SPARE][draw(9)];
    }

    function anyDeal() internal returns (bytes32 id) {
        (id,,) = model.dealAt(draw(model.dealCount()));
        if (oneIn(24)) id = keccak256("no agreement");
    }

    function anyKnownDeal() internal returns (bytes32 id) {
        (id,,) = model.dealAt(draw(model.dealCount()));
    }

    function anyParty(bytes32 id) internal returns (address) {
        if (!model.isKnown(id)) return PROVIDER;
        IAgreementBook.Terms memory terms = model.termsOf(id, 1);
        return oneIn(2) ? terms.provider : terms.tenant;
    }

    // ------------------------------------------------------------------------------------------------------- calls

    /// @dev One call: it meets exactly the reason that the model gave, with exactly `events` events when it is none.
    function act(
        string memory action,
        address caller,
        address target,
        bytes memory call,
        bytes4 reason,
        uint256 events
    ) internal returns (bool done, bytes memory answer) {
        vm.recordLogs();
        vm.prank(caller);
        (done, answer) = target.call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        logBook.read(logs);
        bytes4 met = done ? bytes4(0) : bytes4(answer);
        expect(action, met, reason);
        if (logs.length != (done ? events : 0)) note(string.concat(action, ": number of events"));
        if (oneIn(64) && address(sla).balance + address(book).balance != 0) note("ether");
    }

    function expect(string memory action, bytes4 met, bytes4 reason) internal {
        ++reached[action][met];
        if (met == reason) return;
        string memory values = string.concat(vm.toString(uint32(met)), ", expected ", vm.toString(uint32(reason)));
        note(string.concat(action, ": ", values));
    }

    function note(string memory what) internal {
        if (bytes(violation).length == 0) violation = what;
    }

    /// @dev A pause comes before every other reason.
    function unlessPaused(bytes4 reason) internal view returns (bytes4) {
        return model.paused() ? bytes4(keccak256("EnforcedPause()")) : reason;
    }

    // ------------------------------------------------------------------------------------------------------- stage

    function publish() private {
        uint48[] memory equal = new uint48[](LAST_BOUND + 1);
        uint48[] memory table = new uint48[](LAST_BOUND + 1);
        for (uint48 i = 0; i <= LAST_BOUND; ++i) {
            equal[i] = BEGINS + i * 10 * DAY;
            table[i] = i == 0 ? BEGINS : table[i - 1] + [8, 12, 9, 11][i % 4] * DAY;
        }
        vm.recordLogs();
        calendars[0] = book.publishFixedCalendar(BEGINS, 10 days, LAST_BOUND);
        calendars[1] = book.publishCalendar(table);
        logBook.read(vm.getRecordedLogs());
        model.published(calendars[0], equal);
        model.published(calendars[1], table);
    }

    function begin(uint256 shape) private {
        IAgreementBook.Terms memory made = shaped(shape);
        bytes32 reference_ = keccak256(abi.encode("first", shape));
        bytes32 id = book.agreementIdOf(PROVIDER, reference_);
        uint48 until = model.boundOf(made.calendar, made.firstPeriod);
        bytes memory call = abi.encodeCall(book.proposeAgreement, (reference_, made, until));
        act("propose", PROVIDER, address(book), call, 0, 1);
        model.proposed(PROVIDER, id, made, until);
        act("accept", made.tenant, address(book), abi.encodeCall(book.acceptProposal, (id, made, until)), 0, 1);
        model.accepted(made.tenant, id, made);
    }

    /// @dev 0: a sum with every cap and a minimum that is paid. 1: one SLO, no cap below the fee. 2: the largest, nothing below the
    /// minimum.
    function shaped(uint256 shape) internal view returns (IAgreementBook.Terms memory made) {
        if (shape == 0) made = termsOf(3, 300_000, 700_000);
        else if (shape == 1) made = termsOf(1, 1_000_000, 0);
        else made = termsOf(2, 500_000, 900_000);
        made.calendar = calendars[shape % 2];
        if (shape == 1) made.tenant = OTHER_TENANT;
        if (shape == 0) (made.minimumMinor, made.belowMinimum) = (120_000, IAgreementBook.BelowMinimum.Minimum);
        if (shape == 2) (made.minimumMinor, made.stacking) = (150_000, IAgreementBook.Stacking.Largest);
        made.yearPeriods = 4;
        made.disputeWindowSeconds = 3 days;
        made.disputeWindowBlocks = 20;
        made.rulingSeconds = 5 days;
        made.reportSeconds = 35 days;
        made.restateSeconds = 70 days;
        made.noticeSeconds = 12 days;
    }
}
